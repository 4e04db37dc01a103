import { expect, test } from 'vitest';
import type { Cluster } from '../../src/kubernetes/cluster.ts';
import {
  cutAnswer,
  dropConnection,
  json,
  neverAnswer,
  type Reaction,
  refusal,
  startFaultyServer,
  text,
} from './faulty-server.ts';

const node = { apiVersion: 'v1', kind: 'Node', name: 'a' };
const pod = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web' };
const read = (cluster: Cluster) => cluster.get(node);
const evict = (cluster: Cluster) => cluster.evict(pod);
const logs = (cluster: Cluster) => cluster.logs(pod);
const usage = (cluster: Cluster) =>
  cluster.get({ apiVersion: 'metrics.k8s.io/v1beta1', kind: 'PodMetrics', namespace: 'shop', name: 'web' });
const webhook = { message: 'Internal error occurred: failed calling webhook "a.example": connection refused' };
const budgets = {
  message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
};

async function stateAfter(reaction: Reaction, call: (cluster: Cluster) => Promise<unknown>, times: number) {
  await using server = await startFaultyServer(reaction);
  const cluster = server.cluster({ retryAttempts: 0 });
  for (let done = 0; done < times; done += 1) await call(cluster).catch(() => undefined);
  return cluster.circuit();
}

test.each<[string, Reaction, (cluster: Cluster) => Promise<unknown>]>([
  ['a 500', refusal(500), read],
  ['a 502 of a gateway', text(502, 'bad gateway'), read],
  ['a 503', refusal(503), read],
  ['a 504', text(504, 'timeout'), read],
  ['a connection that drops', dropConnection, read],
  ['half an answer', cutAnswer, read],
])('ten times %s open the circuit', async (_what, reaction, call) => {
  expect(await stateAfter(reaction, call, 9)).toBeUndefined();
  expect(await stateAfter(reaction, call, 10)).toMatchObject({ reason: expect.stringMatching(/^10 of 10 calls/) });
});

test.each<[string, Reaction, (cluster: Cluster) => Promise<unknown>]>([
  ['a refusal', refusal(403), read],
  ['an object that is not there', refusal(404), read],
  ['a conflict', refusal(409), read],
  ['an overload', refusal(429), read],
  ['a page of a proxy', text(200, '<html>', { 'content-type': 'text/html' }), read],
  ['several budgets on a pod', refusal(500, budgets), evict],
  ['an eviction that waits for its budget too long', text(504, 'timeout'), evict],
  ['a webhook that is away', refusal(500, webhook), read],
  ['a kubelet that is away', text(502, 'dial tcp: connection refused'), logs],
  ['an extension whose server is away', text(503, 'service unavailable'), usage],
])('%s says nothing against the API server', async (_what, reaction, call) => {
  expect(await stateAfter(reaction, call, 20)).toBeUndefined();
});

test('calls that their callers have ended say nothing against it', async () => {
  await using server = await startFaultyServer(neverAnswer);
  const cluster = server.cluster({ retryAttempts: 0 });

  const calls = Array.from({ length: 20 }, () => cluster.get(node, { signal: AbortSignal.timeout(50) }));

  await Promise.allSettled(calls);
  expect(cluster.circuit()).toBeUndefined();
});

test('fewer failures than answers do not open it', async () => {
  const well = json(200, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } });
  await using server = await startFaultyServer(
    ...Array.from({ length: 30 }, (_, index) => (index % 5 < 3 ? well : refusal(500))),
  );
  const cluster = server.cluster({ retryAttempts: 0 });

  for (let done = 0; done < 30; done += 1) await cluster.get(node).catch(() => undefined);

  expect(cluster.circuit()).toBeUndefined();
});

test('the pause grows while the server stays away, and nothing but the probe reaches it', async () => {
  await using server = await startFaultyServer(refusal(503));
  const opened: number[] = [];
  const cluster = server.cluster({ retryAttempts: 0, onCircuit: (open) => opened.push(open?.retryAfterMs ?? 0) });
  for (let done = 0; done < 10; done += 1) await cluster.get(node).catch(() => undefined);
  const before = server.requests.length;

  const pauses: number[] = [];
  for (const end = performance.now() + 2_600; performance.now() < end;) {
    await cluster.get(node).catch(() => undefined);
    const { retryAfterMs } = cluster.circuit() ?? { retryAfterMs: 0 };
    pauses.push(retryAfterMs);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }

  // 0.75 s, then 1.5 s, then 3 s: chance is switched off here.
  expect(server.requests.slice(before).map(({ line }) => line)).toEqual(['GET /readyz', 'GET /readyz']);
  expect(Math.max(...pauses)).toBeGreaterThan(2_500);
  expect(opened).toHaveLength(1);
});
