import postgres, { type Sql } from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateHistory } from '../../bench/generate-history.ts';
import { type ReplicaProcess, startProcess } from '../support/process.ts';
import { createDatabase } from '../support/service.ts';

let database: Awaited<ReturnType<typeof createDatabase>>;
let sql: Sql;
let replica: ReplicaProcess;

const count = 20_000;

beforeAll(async () => {
  database = await createDatabase();
  sql = postgres(database.databaseUrl, { max: 1, onnotice: () => undefined });
  await generateHistory(sql, { count, days: 10 });
  replica = await startProcess(database.databaseUrl);
}, 60_000);

afterAll(async () => {
  await replica.kill();
  await sql.end();
  await database.drop();
});

test('an export of tens of megabytes comes whole', async () => {
  const response = await fetch(`${replica.url}/api/v1/executions`, { headers: { accept: 'application/x-ndjson' } });
  const text = await response.text();

  const ids = text
    .trimEnd()
    .split('\n')
    .map((line): string => JSON.parse(line).action_id);
  expect(text.length).toBeGreaterThan(20_000_000);
  expect(new Set(ids).size).toBe(count);
  expect(ids).toHaveLength(count);
  expect(ids[0]).toBe(`generated-${count}`);
});

test('an export that fails while a slow reader holds it up is broken off, and never seems whole', async () => {
  const response = await fetch(`${replica.url}/api/v1/executions?format=ndjson`);
  const reader = response.body?.getReader();
  await reader?.read();
  await sql`alter table execution rename to elsewhere`;

  try {
    // Most of it was not read from the database yet, or this would come to its end.
    await expect(drained(reader)).rejects.toThrow(/terminated/);
    await expect.poll(() => replica.output()).toContain('An export of the history broke off');
  } finally {
    await sql`alter table elsewhere rename to execution`;
  }

  const after = await fetch(`${replica.url}/api/v1/executions?format=csv&limit=3`);
  expect((await after.text()).split('\r\n')).toHaveLength(5);
});

async function drained(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<void> {
  for (let read = await reader?.read(); read && !read.done;) read = await reader?.read();
}
