import { randomUUID } from 'node:crypto';
import connect from 'postgres';
import type { Cluster } from '../src/kubernetes/cluster.ts';
import type { KubernetesObject } from '../src/kubernetes/object.ts';
import { numberAt } from '../src/kubernetes/value-at.ts';
import type { Row } from './measure.ts';
import { lenientRules } from '../test/support/lenient-rules.ts';
import { withDatabase } from './queue.ts';
import { startBundle } from './service-process.ts';
import { until } from './until.ts';

const rounds = 5;
const boundMs = 1_000;
const leaseMs = 3_000;
const timeoutMs = 3_000;
const replicas = 3;
const ports = { one: 18_200, other: 18_201, victim: 18_202 };

interface EndsBench {
  cluster: Cluster;
  settings: Record<string, string | undefined>;
}

/** The members of an answer that are read here. */
interface Answer {
  status: string;
  message: string | null;
  duration_ms: number;
  links: { rollback?: string };
}

/**
 * How soon a drain that a budget holds up ends: cancelled through another replica, stopped with the whole cluster, at its
 * own deadline, and settled after the lease of a replica that was killed. The slowest of some rounds, against a second.
 */
export async function endsRows(postgresUrl: string, { cluster, settings }: EndsBench): Promise<Row[]> {
  const side = `bench-ends-${randomUUID().slice(0, 6)}`;
  return await withDatabase(postgresUrl, async (databaseUrl) => {
    const env = {
      ...settings,
      DATABASE_URL: databaseUrl,
      EXECUTOR_ACTIONS_LEASE: `${leaseMs}ms`,
      ...lenientRules,
      LOG_LEVEL: 'error',
    };
    const sql = connect(databaseUrl, { max: 1 });
    const one = await startBundle(env, ports.one);
    const other = await startBundle(env, ports.other);
    try {
      await prepare(cluster, side);
      const drained = { side, url: one.url };
      const cancelled = await slowest(async () => {
        const { id, answer } = await blockedDrain(drained);
        const beganMs = performance.now();
        await call(other.url, 'POST', `/api/v1/executions/${id}/cancel`);
        const ended = await answer;
        const ms = performance.now() - beganMs;
        await undone(one.url, ended, 'cancelled');
        return ms;
      });
      const stopped = await slowest(async () => {
        const { answer } = await blockedDrain(drained);
        const beganMs = performance.now();
        await call(other.url, 'PUT', '/api/v1/controls', { scope: '*', stopped: true, reason: 'bench' });
        const ended = await answer;
        const ms = performance.now() - beganMs;
        await call(other.url, 'PUT', '/api/v1/controls', { scope: '*', stopped: false, reason: 'bench' });
        await undone(one.url, ended, 'cancelled');
        return ms;
      });
      const timedOut = await slowest(async () => {
        const { answer } = await blockedDrain(drained, { timeout: `${timeoutMs}ms` });
        const ended = await answer;
        await undone(one.url, ended, 'timed_out');
        return ended.duration_ms - timeoutMs;
      });
      const settled = await slowest(async () => {
        const victim = await startBundle(env, ports.victim);
        const { id, answer } = await blockedDrain({ side, url: victim.url });
        answer.catch(() => undefined);
        await victim.kill();
        const [row] = await sql<{ until: Date }[]>`select lease_until as until from execution where id = ${id}`;
        const at = await eventAt(
          () => sql<{ at: Date }[]>`
          select at from execution_event where execution_id = ${id} and type = 'execution.settled'`,
        );
        await undone(one.url, await call(one.url, 'GET', `/api/v1/status/${id}`), 'failed');
        return at.getTime() - (row?.until.getTime() ?? Number.NaN);
      });
      return [
        rowOf('drain cancelled through another replica, to its end', cancelled),
        rowOf('drain under an emergency stop, to its end', stopped),
        rowOf('drain timed out, beyond its deadline', timedOut),
        rowOf('drain of a killed replica settled, after its lease', settled),
      ];
    } finally {
      await sql.end();
      for (const replica of [one, other]) await replica.stop();
      await tidy(cluster, side);
    }
  });
}

function rowOf(what: string, ms: number): Row {
  const ratio = ms / boundMs;
  return {
    what: `${what}, slowest of ${rounds}`,
    ours: `${ms.toFixed(0)} ms`,
    bound: `${boundMs} ms`,
    ratio,
    limit: '<= 1.00',
    holds: ratio <= 1,
  };
}

async function slowest(once: () => Promise<number>): Promise<number> {
  const ms: number[] = [];
  for (let round = 0; round < rounds; round += 1) ms.push(await once());
  return Math.max(...ms);
}

/** A drain that has said which budget holds it up; and the answer to come. */
async function blockedDrain(
  { side, url }: { side: string; url: string },
  more: Record<string, unknown> = {},
): Promise<{ id: string; answer: Promise<Answer> }> {
  const id = randomUUID();
  const parameters = { node_name: side };
  const answer = call(url, 'POST', '/api/v1/execute', { action_id: id, action: 'drain_node', parameters, ...more });
  let early: Answer | undefined;
  answer.then(
    (ended) => (early = ended),
    () => undefined,
  );
  await until(async () => {
    if (early) throw new Error(`The drain was not held up: ${JSON.stringify(early).slice(0, 500)}`);
    const { message } = await call(url, 'GET', `/api/v1/status/${id}`);
    return message?.includes('blocked by budget') ?? false;
  });
  return { id, answer };
}

/** Opens the node again, by the rollback of what has ended so. */
async function undone(url: string, { status, message, links }: Answer, as: string): Promise<void> {
  if (status !== as || links.rollback === undefined) throw new Error(`The drain ended as ${status}: ${message}`);
  const { status: outcome, message: why } = await call(url, 'POST', links.rollback);
  if (outcome !== 'completed') throw new Error(`The rollback ended as ${outcome}: ${why}`);
}

async function call(url: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(new URL(path, url), {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return asAnswer(await response.json());
}

/** An answer, by this service's own OpenAPI. */
function asAnswer(value: unknown): Answer {
  return value as Answer;
}

async function eventAt(read: () => Promise<{ at: Date }[]>): Promise<Date> {
  let found: Date | undefined;
  await until(async () => (found = (await read())[0]?.at) !== undefined);
  return found ?? new Date(Number.NaN);
}

/** A node with pods that all must stay, and another one. */
async function prepare(cluster: Cluster, side: string): Promise<void> {
  const app = 'held';
  await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: side } });
  await cluster.create({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: side, labels: { 'bench/side': side } },
    spec: { taints: [{ key: 'bench/side', value: side, effect: 'NoSchedule' }] },
  });
  await cluster.create({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: app, namespace: side },
    spec: {
      replicas,
      selector: { matchLabels: { app } },
      template: {
        metadata: { labels: { app } },
        spec: {
          nodeSelector: { 'bench/side': side },
          tolerations: [{ key: 'bench/side', operator: 'Exists' }],
          containers: [{ name: 'app', image: 'registry.example/app:1' }],
        },
      },
    },
  });
  const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', namespace: side, name: app };
  await cluster.create({
    apiVersion: budget.apiVersion,
    kind: budget.kind,
    metadata: { name: app, namespace: side },
    spec: { minAvailable: replicas, selector: { matchLabels: { app } } },
  });
  await until(async () => numberAt(await cluster.get(budget), ['status', 'currentHealthy']) === replicas);
  // The last node that takes anything is not drained.
  const open = { apiVersion: 'v1', kind: 'Node', name: `${side}-open` };
  await cluster.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: open.name } });
  await until(async () => isReady(await cluster.get(open)));
}

function isReady({ status }: KubernetesObject): boolean {
  const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
  return conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}

async function tidy(cluster: Cluster, side: string): Promise<void> {
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: side }).catch(() => undefined);
  for (const name of [side, `${side}-open`])
    await cluster.delete({ apiVersion: 'v1', kind: 'Node', name }).catch(() => undefined);
}
