import { readMigrationFiles } from 'drizzle-orm/migrator';
import postgres, { type TransactionSql } from 'postgres';

const connectTimeoutSeconds = 10;
/** A new index on a long history takes its time; what takes longer than this is a connection that has died. */
const longestMs = 10 * 60_000;
/** Any number that nothing else locks by: replicas that start together migrate one after the other. */
const migrationLock = 7_331_084;

/**
 * Brings the database to the newest schema, in one transaction, which a pooler keeps on one connection. Safe to repeat,
 * and to run from several replicas at once. The names are those of Drizzle's own migrator.
 */
export async function migrateDatabase({ url, folder }: { url: string; folder: string }): Promise<void> {
  const sql = postgres(url, {
    max: 1,
    connect_timeout: connectTimeoutSeconds,
    onnotice: () => undefined,
    prepare: false,
    fetch_types: false,
  });
  const end = () => void sql.end({ timeout: 0 });
  const timer = setTimeout(end, longestMs);
  try {
    await sql.begin(async (transaction) => {
      await transaction`select pg_advisory_xact_lock(${migrationLock})`;
      await migrate(transaction, folder);
      // What was granted on all tables since is taken back of the audit's.
      await transaction`select restrict_audit()`;
    });
  } finally {
    clearTimeout(timer);
    await sql.end({ timeout: connectTimeoutSeconds });
  }
}

async function migrate(sql: TransactionSql, folder: string): Promise<void> {
  await sql`create schema if not exists drizzle`;
  await sql`
    create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`;
  const [{ newest } = { newest: null }] = await sql<{ newest: string | null }[]>`
    select max(created_at) as newest from drizzle.__drizzle_migrations`;
  for (const { sql: statements, hash, folderMillis } of readMigrationFiles({ migrationsFolder: folder })) {
    if (folderMillis <= Number(newest ?? -1)) continue;
    for (const statement of statements) await sql.unsafe(statement);
    await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${folderMillis})`;
  }
}
