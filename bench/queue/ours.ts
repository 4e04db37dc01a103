import { metrics } from '@opentelemetry/api';
import * as z from 'zod';
import { type Action, defineTargetOptionalAction } from '../../src/actions/define.ts';
import { actions } from '../../src/actions/registry.ts';
import { noUndo, plan } from '../../src/changes/plan.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { queueChannel } from '../../src/database/listen.ts';
import { runLoop } from '../../src/executor/loop.ts';
import { gateway } from '../../src/gateway.ts';
import { createCluster } from '../../src/kubernetes/client.ts';
import { timeOrderedId } from '../../src/platform/time-ordered-id.ts';
import { openRuntime } from '../../src/runtime.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import type { Contender, Terms } from './contender.ts';

/** A run like any other, with a claim and a record, whose only change waits for what is so already; with a key it holds an object of that name. */
const benchNoOp = defineTargetOptionalAction<{ job: number; key?: string | undefined }>({
  name: 'bench_no_op',
  summary: 'Do nothing.',
  targets: [],
  risk: 'low',
  again: 'acts',
  irreversible: 'nothing was done',
  parameters: z.strictObject({ job: z.int(), key: z.string().optional() }),
  refuses: [],
  permissions: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['patch'] }],
  examples: [],
  async plan({ parameters: { job, key } }) {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'bench', name: key ?? '' };
    return plan({
      changes: [
        {
          kind: 'wait',
          target: object,
          until: { kind: 'all_gone', query: { apiVersion: 'v1', kind: 'Pod', namespace: `job-${job}` }, uids: [] },
        },
      ],
      holds: key === undefined ? [] : [object],
      undo: noUndo('nothing was done'),
      summary: 'Nothing was done',
    });
  },
});

/** The whole service in one process, asked through its front door; its cluster answers from memory. */
export async function openOurs({ databaseUrl, atOnce, told }: Terms): Promise<Contender> {
  if (!actions.includes(benchNoOp as Action)) (actions as Action[]).push(benchNoOp as Action);
  const config = loadConfig({
    env: {
      DATABASE_URL: databaseUrl,
      EXECUTOR_SAFETY_ENABLE_COOLDOWN: 'false',
      EXECUTOR_ACTIONS_MAX_CONCURRENT: String(atOnce),
      EXECUTOR_DATABASE_POOL: String(atOnce + 4),
    },
  });
  const { runtime, database, stop } = await openRuntime({
    config,
    databaseUrl,
    log: createLogger({ level: 'error', write: (line) => process.stderr.write(line) }),
    connectCluster: async ({ observe }) =>
      createCluster({
        name: 'bench',
        server: 'http://bench.invalid',
        authorize: async () => ({}),
        timeoutMs: 1_000,
        retryAttempts: 1,
        observe,
        async fetch(url) {
          // Each job reads of its own namespace, in the moment in which its change is begun.
          const job = /namespaces\/job-(\d+)\//.exec(String(url))?.[1];
          if (job !== undefined) told.started(Number(job));
          // What the service itself may do is asked once, and remembered.
          if (String(url).endsWith('/selfsubjectaccessreviews')) return Response.json({ status: { allowed: true } });
          return Response.json({ kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items: [] });
        },
      }),
    meter: metrics.getMeter('bench'),
    version: { version: 'bench', commit: 'bench' },
    holder: 'bench',
    newId: timeOrderedId,
  });
  const { executor } = runtime;
  const finished = executor.observer.finished.bind(executor.observer);
  executor.observer.finished = (row) => {
    finished(row);
    told.finished((row.parameters as { job: number }).job);
  };
  const ears = database.listen(queueChannel, () => executor.wakeUp.ring());
  const ended = new AbortController();
  const loop = runLoop(executor, ended.signal);
  const app = gateway(runtime);
  return {
    name: 'this service',
    async enqueue(job, key) {
      const response = await app.request('/api/v1/execute', {
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer: 'respond-async' },
        body: JSON.stringify({ action: 'bench_no_op', parameters: { job, ...(key === undefined ? {} : { key }) } }),
      });
      // The end may have come before the answer is written.
      if (response.status !== 202 && response.status !== 200)
        throw new Error(`${response.status}: ${await response.text()}`);
    },
    async close() {
      stop();
      ended.abort();
      executor.wakeUp.ring();
      await loop;
      await ears.close();
      await database.close();
    },
  };
}
