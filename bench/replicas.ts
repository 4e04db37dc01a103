import { setTimeout as sleep } from 'node:timers/promises';
import connect from 'postgres';
import { httpClient } from './http-client.ts';
import { quantile, type Row } from './measure.ts';
import { withDatabase } from './queue.ts';
import { startBundle } from './service-process.ts';

const counts = [1, 4, 16];
const rounds = 3;
const jobs = 3_000;
/** Of each replica: it has as much to do at a time, however many there are. */
const lanes = 16;
/** Before it counts, all in all: the table is as long for each number of replicas, and each replica runs compiled. */
const warmUp = 24_000;
const slots = 256;
const firstPort = 18_100;

/** Runs that do nothing, asked for without waiting, of so many replicas in turn, on one PostgreSQL: ended per second. */
export async function replicaRows(postgresUrl: string, kubeconfig: string): Promise<Row[]> {
  const rates = new Map<number, number[]>(counts.map((count) => [count, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const count of counts) rates.get(count)?.push(await rateOf(count, postgresUrl, kubeconfig));
  const rate = (count: number) => quantile(rates.get(count) ?? [], 0.5);
  return counts.slice(1).map((count) => {
    const ratio = rate(count) / rate(1);
    return {
      what: `${count} replicas on one PostgreSQL, ended`,
      ours: `${rate(count).toFixed(0)}/s`,
      bound: `1 replica ${rate(1).toFixed(0)}/s`,
      ratio,
      limit: '>= 1.00',
      holds: ratio >= 1,
    };
  });
}

async function rateOf(count: number, postgresUrl: string, kubeconfig: string): Promise<number> {
  return await withDatabase(postgresUrl, async (databaseUrl) => {
    const env = {
      DATABASE_URL: databaseUrl,
      KUBECONFIG: kubeconfig,
      EXECUTOR_DATABASE_POOL: '3',
      EXECUTOR_ACTIONS_MAX_CONCURRENT: `${slots}`,
    };
    // The first makes the tables.
    const replicas = [await startBundle(env, firstPort)];
    for (let index = 1; index < count; index += 1) replicas.push(await startBundle(env, firstPort + index));
    const clients = replicas.map(({ url }) => httpClient(url, lanes));
    const sql = connect(databaseUrl, { max: 1 });
    const run = async (from: number, to: number) => {
      const began = performance.now();
      let next = from;
      await Promise.all(
        Array.from({ length: lanes * count }, async () => {
          for (let job = next++; job < to; job = next++)
            await clients[job % count]?.enqueue('notify_only', { message: `${job}` });
        }),
      );
      for (let ended = 0; ended < to; await sleep(5)) {
        const [row] = await sql<{ ended: number }[]>`
          select count(*)::int as ended from execution where status = 'completed'`;
        ended = row?.ended ?? 0;
      }
      return ((to - from) * 1000) / (performance.now() - began);
    };
    try {
      await run(0, warmUp);
      return await run(warmUp, warmUp + jobs);
    } finally {
      await sql.end();
      for (const client of clients) await client.close();
      for (const replica of replicas) await replica.stop();
    }
  });
}
