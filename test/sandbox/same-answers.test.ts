import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Listed, requests } from './requests.ts';
import { type Answer, type Server, eventually, realServer, sandboxServer } from './servers.ts';

// Set by the server each time anew, or telling of the machine behind it.
const volatile = ['uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp', 'managedFields', 'lastTransitionTime', 'lastUpdateTime', 'lastHeartbeatTime', 'clusterIP', 'clusterIPs', 'message', 'remainingItemCount', 'startTime', 'startedAt', 'podIP', 'podIPs', 'hostIP', 'hostIPs'];

const real = realServer();
let sandbox: Server;
const suffix = randomBytes(4).toString('hex');
const namespace = `same-answers-${suffix}`;
const node = `same-answers-${suffix}`;
const servers = (): Server[] => (real ? [sandbox, real] : [sandbox]);

beforeAll(async () => {
  sandbox = await sandboxServer();
  await Promise.all(servers().map(prepare));
}, 30_000);

afterAll(async () => {
  for (const server of servers()) {
    await server.call('DELETE', `/api/v1/namespaces/${namespace}`);
    await eventually(() => server.call('GET', `/api/v1/namespaces/${namespace}`), (answer) => answer.status === 404, 25_000);
    await server.call('DELETE', `/api/v1/nodes/${node}`);
  }
  await sandbox.close();
}, 60_000);

describe('the sandbox answers as the API server does', () => {
  for (const [index, listed] of requests.entries()) {
    test(`${index + 1}. ${listed.method} ${listed.path} ${listed.body === undefined ? '' : JSON.stringify(listed.body).slice(0, 120)} is ${listed.status} ${listed.reason ?? ''}`, async () => {
      if (listed.afterMs) await new Promise((resolve) => setTimeout(resolve, listed.afterMs));

      const [ours, theirs] = await Promise.all(servers().map((server) => sendTo(server, listed)));

      for (const answer of [ours, theirs]) {
        if (!answer) continue;
        expect({ status: answer.status, reason: reasonOf(answer) }).toEqual({ status: listed.status, reason: listed.reason });
        if (listed.causes) expect(causesOf(answer).sort()).toEqual([...listed.causes].sort());
      }
      if (ours && theirs) expect(comparable(ours)).toEqual(comparable(theirs));
    });
  }
});

/** A node of the test's own, which takes no pods but those that name it: other tests may be on the same server. */
async function prepare(server: Server): Promise<void> {
  const taints = [{ key: 'same-answers', value: suffix, effect: 'NoSchedule' }];
  expect((await server.call('POST', '/api/v1/nodes', { body: { metadata: { name: node }, spec: { taints } } })).status).toBe(201);
  expect((await server.call('POST', '/api/v1/namespaces', { body: { metadata: { name: namespace } } })).status).toBe(201);
  const account = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
  await eventually(() => server.call('GET', account), (answer) => answer.status === 200);
  const isReady = (answer: Answer): boolean => answer.body.status?.conditions?.some((condition: { type: string; status: string }) => condition.type === 'Ready' && condition.status === 'True');
  await eventually(() => server.call('GET', `/api/v1/nodes/${node}`), isReady, 15_000);
}

function sendTo(server: Server, { method, path, contentType, body }: Listed): Promise<Answer> {
  const placed = (text: string): string => text.replaceAll('NODE', node).replaceAll('NS', namespace);
  const payload = body === undefined ? undefined : placed(typeof body === 'string' ? body : JSON.stringify(body));
  return server.call(method, placed(path), { ...(contentType ? { contentType } : {}), ...(payload === undefined ? {} : { body: payload }) });
}

function reasonOf(answer: Answer): string | undefined {
  return answer.body?.kind === 'Status' && answer.body.status === 'Failure' ? answer.body.reason : undefined;
}

function causesOf(answer: Answer): string[] {
  return (answer.body?.details?.causes ?? []).map((cause: { field?: string; reason?: string }) => `${cause.field}: ${cause.reason}`);
}

/** The answer without what differs from one moment, or one machine, to the next. */
function comparable(answer: Answer): unknown {
  if (answer.body === undefined) return answer.status === 200 ? 'text' : answer.text;
  if (answer.body.kind === 'Status') return without(answer.body);
  if (answer.body.kind === 'Node') return without({ ...answer.body, status: undefined, metadata: { ...answer.body.metadata, annotations: undefined } });
  if (answer.body.kind?.endsWith('List')) return { kind: answer.body.kind, names: answer.body.items.map((item: { metadata: { name: string } }) => item.metadata.name) };
  if (answer.body.kind === 'Pod' || answer.body.kind === 'Deployment') return without({ ...answer.body, status: answer.body.status?.phase ?? answer.body.status?.replicas });
  return without(answer.body);
}

function without(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(without);
  if (typeof value === 'string') return value.replace(/kube-api-access-\w{5}/, 'kube-api-access');
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([key, item]) => !volatile.includes(key) && item !== undefined).map(([key, item]) => [key, without(item)]));
}
