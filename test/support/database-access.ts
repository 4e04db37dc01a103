import { inject } from 'vitest';

/** How a replica under test gets to that database: directly, or with DATABASE_POOLER=pgbouncer through the pooler. */
export function databaseAccess(databaseUrl: string): { DATABASE_URL: string; EXECUTOR_DATABASE_POOLED?: string } {
  const pooler = inject('pooler');
  if (pooler === '') return { DATABASE_URL: databaseUrl };
  const url = new URL(databaseUrl);
  url.host = pooler;
  return { DATABASE_URL: url.href, EXECUTOR_DATABASE_POOLED: 'true' };
}
