import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import type { Contender, Terms } from './contender.ts';

/** Woken by NOTIFY; serial per key by named queues. */
export async function openGraphileWorker({ databaseUrl, atOnce, told }: Terms): Promise<Contender> {
  const logger = new Logger(() => () => undefined);
  const connection = { connectionString: databaseUrl, logger, maxPoolSize: atOnce + 4 };
  const utils = await makeWorkerUtils(connection);
  await utils.migrate();
  const jobOf = (payload: unknown) => (payload as { job: number }).job;
  const runner = await run({
    ...connection,
    concurrency: atOnce,
    noHandleSignals: true,
    taskList: { no_op: async (payload) => told.started(jobOf(payload)) },
  });
  runner.events.on('job:complete', ({ job }) => told.finished(jobOf(job.payload)));
  return {
    name: 'graphile-worker',
    enqueue: async (job, key) =>
      void (await utils.addJob('no_op', { job }, key === undefined ? {} : { queueName: key })),
    async close() {
      await runner.stop();
      await utils.release();
    },
  };
}
