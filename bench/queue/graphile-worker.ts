import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import type { Contender, Terms } from './contender.ts';

/** Woken by NOTIFY; serial per key by named queues. A job has ended once its deletion is answered. */
export async function openGraphileWorker({ databaseUrl, atOnce, told }: Terms): Promise<Contender> {
  const logger = new Logger(() => () => undefined);
  const jobs = new Map<string, number>();
  const pgPool = new pg.Pool({ connectionString: databaseUrl, max: atOnce + 4 });
  pgPool.on('error', () => undefined);
  pgPool.on('connect', (client) =>
    whenDeleted(client, (id) => {
      const job = jobs.get(id);
      if (job !== undefined) told.finished(job);
    }),
  );
  const utils = await makeWorkerUtils({ pgPool, logger });
  await utils.migrate();
  const runner = await run({
    pgPool,
    logger,
    concurrency: atOnce,
    noHandleSignals: true,
    taskList: {
      async no_op(payload, { job: { id } }) {
        const { job } = payload as { job: number };
        jobs.set(id, job);
        told.started(job);
      },
    },
  });
  return {
    name: 'graphile-worker',
    enqueue: async (job, key) =>
      void (await utils.addJob('no_op', { job }, key === undefined ? {} : { queueName: key })),
    async close() {
      await runner.stop();
      await utils.release();
      await pgPool.end();
    },
  };
}

/** It tells of an end before that is kept: the answer to the statement that keeps it is what counts. */
function whenDeleted(client: pg.PoolClient, ended: (id: string) => void): void {
  const query = client.query.bind(client) as (...given: unknown[]) => unknown;
  client.query = ((...given: unknown[]) => {
    const answer = query(...given);
    const [asked] = given;
    if (typeof asked === 'object' && asked !== null && 'text' in asked && 'values' in asked) {
      const { text, values } = asked as { text: string; values: unknown[] };
      if (/delete from .*_private_jobs/.test(text) && answer instanceof Promise)
        void answer.then(() => [values[0]].flat().forEach((id) => ended(String(id))));
    }
    return answer;
  }) as typeof client.query;
}
