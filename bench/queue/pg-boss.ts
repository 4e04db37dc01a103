import connect from 'postgres';
import { PgBoss } from 'pg-boss';
import type { Contender, Terms } from './contender.ts';

const queue = 'no-op';
const batchSize = 4;

/**
 * Woken by NOTIFY, fetching in batches for as long as they are full; serial per key by its strict policy. An end is
 * taken from its row: when the statement that kept it began, a little too early.
 */
export async function openPgBoss({ databaseUrl, atOnce, keyed, told }: Terms): Promise<Contender> {
  const boss = new PgBoss({
    connectionString: databaseUrl,
    max: atOnce + 4,
    useListenNotify: true,
    schedule: false,
    supervise: false,
  });
  boss.on('error', () => undefined);
  await boss.start();
  await boss.createQueue(queue, { policy: keyed ? 'key_strict_fifo' : 'standard', notify: true });
  await boss.work<{ job: number }>(
    queue,
    {
      localConcurrency: atOnce / batchSize,
      batchSize,
      burstWhenBatchFull: true,
      pollingIntervalSeconds: 0.5,
      notifyPollingIntervalSeconds: 0.5,
    },
    async (jobs) => {
      for (const { data } of jobs) told.started(data.job);
    },
  );
  const sql = connect(databaseUrl, { max: 1 });
  return {
    name: 'pg-boss',
    enqueue: async (job, key) => void (await boss.send(queue, { job }, key === undefined ? {} : { singletonKey: key })),
    async ends() {
      const rows = await sql<{ job: number; at: number }[]>`
        select (data->>'job')::int as job, (extract(epoch from completed_on) * 1000)::float8 as at
        from pgboss.job where name = ${queue} and state = 'completed'`;
      return rows.map(({ job, at }) => ({ job, at: at - performance.timeOrigin }));
    },
    async close() {
      await boss.stop({ timeout: 3_000 });
      await sql.end();
    },
  };
}
