import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';

const connectTimeoutSeconds = 10;
/** Any number that nothing else locks by: replicas that start together migrate one after the other. */
const migrationLock = 7_331_084;

/** Brings the database to the newest schema. Safe to repeat, and to run from several replicas at once. */
export async function migrateDatabase({ url, folder }: { url: string; folder: string }): Promise<void> {
  const sql = postgres(url, {
    max: 2,
    connect_timeout: connectTimeoutSeconds,
    onnotice: () => undefined,
    prepare: false,
  });
  try {
    await sql.begin(async (holder) => {
      await holder`select pg_advisory_xact_lock(${migrationLock})`;
      await migrate(drizzle(sql), { migrationsFolder: folder });
    });
  } finally {
    await sql.end({ timeout: connectTimeoutSeconds });
  }
}
