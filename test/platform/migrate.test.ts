import { randomUUID } from 'node:crypto';
import postgres, { type Sql } from 'postgres';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startProcess } from '../support/process.ts';
import { createDatabase } from '../support/service.ts';

let database: Awaited<ReturnType<typeof createDatabase>>;
let owner: Sql;
let role: string;
/** As the service's own role, which may read and write rows, and nothing else. */
let url: string;

beforeEach(async () => {
  database = await createDatabase();
  owner = postgres(database.databaseUrl, { max: 1, onnotice: () => undefined });
  role = `service_${randomUUID().slice(0, 8)}`;
  await owner.unsafe(`
    drop schema public cascade; drop schema drizzle cascade; create schema public;
    create role ${role} login password 'own';
    grant usage on schema public to ${role};
    alter default privileges in schema public grant select, insert, update, delete on tables to ${role};
    alter default privileges in schema public grant usage on sequences to ${role};`);
  const own = new URL(database.databaseUrl);
  own.username = role;
  own.password = 'own';
  url = own.href;
});

afterEach(async () => {
  await owner.unsafe(`drop owned by ${role}; drop role ${role};`);
  await owner.end();
  await database.drop();
});

test('the schema is made by the role of admin_url; the service itself needs rights on rows only', async () => {
  const replica = await startProcess(database.databaseUrl, {
    DATABASE_URL: url,
    EXECUTOR_DATABASE_ADMIN_URL: database.databaseUrl,
  });

  const answer = await fetch(`${replica.url}/api/v1/execute`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ action: 'notify_only', parameters: { message: 'hello' } }),
  });

  expect(await answer.json()).toMatchObject({ status: 'completed' });
  expect(await replica.stop()).toBe(0);
  expect(await owner`select tableowner from pg_tables where tablename = 'execution'`).not.toMatchObject([
    { tableowner: role },
  ]);
});

test('of the audit the service may read and add, and change nothing, whatever it was granted', async () => {
  const env = { DATABASE_URL: url, EXECUTOR_DATABASE_ADMIN_URL: database.databaseUrl };
  await (await startProcess(database.databaseUrl, env)).stop();
  await owner.unsafe(`grant all on all tables in schema public to ${role}; grant delete on audit_link to public`);
  const replica = await startProcess(database.databaseUrl, env);
  const answer = await fetch(`${replica.url}/api/v1/controls`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ scope: 'shop', stopped: true }),
  });
  const exported = await (await fetch(`${replica.url}/api/v1/audit`)).text();

  expect(answer.status).toBe(200);
  expect(JSON.parse(exported)).toMatchObject({ seq: 1, type: 'control.changed', namespace: 'shop' });
  await using own = await connectedAs(url);
  for (const table of ['audit_entry', 'audit_link'])
    for (const statement of [`update ${table} set hash = ''`, `delete from ${table}`, `truncate ${table}`])
      await expect(
        own.sql.unsafe(statement.replace('hash', table === 'audit_entry' ? 'type' : 'hash')),
      ).rejects.toThrow(`permission denied for table ${table}`);
  expect(await replica.stop()).toBe(0);
});

async function connectedAs(as: string): Promise<{ sql: Sql } & AsyncDisposable> {
  const sql = postgres(as, { max: 1, onnotice: () => undefined });
  return { sql, [Symbol.asyncDispose]: () => sql.end() };
}

test('a role that may not make the schema does not start, and says why', async () => {
  await expect(startProcess(database.databaseUrl, { DATABASE_URL: url })).rejects.toThrow(/permission denied/);
});
