import connect from 'postgres';
import { migrateDatabase } from '../src/platform/migrate.ts';
import { migrationsFolder } from '../src/platform/version.ts';
import { quantile, type Row } from './measure.ts';
import { measured } from './queue/compare.ts';
import { openOurs } from './queue/ours.ts';
import { withDatabase } from './queue.ts';

const waiting = 50_000;
const rounds = 3;
const load = { jobs: 300, everyMs: 10 };

/** From the request to the start of a run, with so many others waiting for their time or for a held object, and with none. */
export async function dispatchRow(postgresUrl: string): Promise<Row> {
  const ms = { empty: [] as number[], full: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    for (const state of ['empty', 'full'] as const) {
      ms[state].push(
        ...(await withDatabase(postgresUrl, async (databaseUrl) => {
          await migrateDatabase({ url: databaseUrl, folder: migrationsFolder });
          if (state === 'full') await letWait(databaseUrl);
          const { startMs } = await measured(openOurs, { databaseUrl, atOnce: 16, keyed: false }, load);
          return startMs;
        })),
      );
    }
  }
  const p99 = { empty: quantile(ms.empty, 0.99), full: quantile(ms.full, 0.99) };
  const ratio = p99.full / p99.empty;
  return {
    what: `dispatch with ${waiting.toLocaleString('en')} waiting, p99`,
    ours: `${p99.full.toFixed(1)} ms`,
    bound: `empty queue ${p99.empty.toFixed(1)} ms`,
    ratio,
    limit: '<= 2.00',
    holds: ratio <= 2,
  };
}

/** Half wait for their time, half for objects that an execution under way holds. */
async function letWait(databaseUrl: string): Promise<void> {
  const sql = connect(databaseUrl, { max: 1, onnotice: () => undefined });
  const columns = sql`id, request_hash, action, status, dry_run, cluster, parameters, priority, plan, changes, expectations,
    verdicts, risk, warnings, message, changed, timeout_ms, created_at, due_at, waits_for, not_before, lock_keys, lease_until, deadline, started_at`;
  const common = sql`'bench', 'bench_no_op'`;
  const filled = sql`'[]'::jsonb, '[]'::jsonb, '[]'::jsonb, '{"level":"low","reasons":[]}'::jsonb, '[]'::jsonb, 'Waits', false, 120000`;
  await sql`
    insert into execution (${columns})
    select 'holder-' || n, ${common}, 'running', false, 'bench', '{}'::jsonb, 5, '{"changes":[],"expectations":[]}'::jsonb, ${filled},
      now(), null, null, null, null, now() + interval '1 hour', now() + interval '1 hour', now()
    from generate_series(1, 100) n`;
  await sql`insert into target_lock (key, execution_id) select 'bench/shop/Deployment/held-' || n, 'holder-' || n from generate_series(1, 100) n`;
  await sql`
    insert into execution (${columns})
    select 'waiting-' || n, ${common}, 'queued', false, 'bench', '{"job":0}'::jsonb, 1 + n % 9, '{"changes":[],"expectations":[]}'::jsonb, ${filled},
      now() - n * interval '1 ms',
      case when n % 2 = 0 then now() + interval '1 hour' else now() - n * interval '1 ms' end,
      case when n % 2 = 0 then '@time' else 'bench/shop/Deployment/held-' || (1 + n % 100) end,
      case when n % 2 = 0 then now() + interval '1 hour' end,
      jsonb_build_array('bench/shop/Deployment/held-' || (1 + n % 100)), null, null, null
    from generate_series(1, ${waiting}::int) n`;
  await sql.unsafe('analyze');
  await sql.end();
}
