import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callerRequests } from './caller-requests.ts';
import { configurationRequests } from './configuration-requests.ts';
import { customKindRequests } from './custom-kind-requests.ts';
import { jobRequests } from './job-requests.ts';
import { podRequests } from './pod-requests.ts';
import { type Listed, requests } from './requests.ts';
import { volumeRequests } from './volume-requests.ts';
import { type Answer, type Home, type Server, eventually, homeOn, realServer, sandboxServer } from './servers.ts';

// Set by the server each time anew, or telling of the machine behind it.
const volatile = [
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'managedFields',
  'lastTransitionTime',
  'lastUpdateTime',
  'lastPhaseTransitionTime',
  'lastHeartbeatTime',
  'clusterIP',
  'clusterIPs',
  'message',
  'remainingItemCount',
  'startTime',
  'completionTime',
  'lastProbeTime',
  'startedAt',
  'podIP',
  'podIPs',
  'hostIP',
  'hostIPs',
];

const real = realServer();
let sandbox: Server;
const servers = (): Server[] => (real ? [sandbox, real] : [sandbox]);
const homes = new Map<Server, Home>();

beforeAll(async () => {
  sandbox = await sandboxServer();
  for (const server of servers()) homes.set(server, await homeOn(server, 'same-answers'));
}, 30_000);

afterAll(async () => {
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  await Promise.all(
    [...homes].map(async ([server, home]) => {
      await home.clear();
      await server.call('DELETE', `${definitions}/widgets.${home.namespace}.example.com`);
    }),
  );
  await sandbox.close();
}, 60_000);

describe('the sandbox answers as the API server does', () => {
  for (const [index, listed] of [
    ...requests,
    ...podRequests,
    ...volumeRequests,
    ...jobRequests,
    ...customKindRequests,
    ...configurationRequests,
    ...callerRequests,
  ].entries()) {
    test(`${index + 1}. ${listed.method} ${listed.path} ${listed.body === undefined ? '' : JSON.stringify(listed.body).slice(0, 120)} is ${listed.status} ${listed.reason ?? ''}`, async () => {
      if (listed.afterMs) await new Promise((resolve) => setTimeout(resolve, listed.afterMs));

      const [ours, theirs] = await Promise.all(servers().map((server) => answerOf(server, listed)));

      for (const answer of [ours, theirs]) {
        if (!answer) continue;
        expect({ status: answer.status, reason: reasonOf(answer) }).toEqual({
          status: listed.status,
          reason: listed.reason,
        });
        if (listed.causes) expect(causesOf(answer).sort()).toEqual([...listed.causes].sort());
      }
      if (ours && theirs) expect(comparable(ours)).toEqual(comparable(theirs));
    });
  }
});

/** The store of a new kind takes its time to begin with, and says so until then. */
function answerOf(server: Server, listed: Listed): Promise<Answer> {
  const isBeginning = ({ status, text }: Answer): boolean => status === 429 && text.includes('initializing');
  return eventually(
    () => sendTo(server, listed),
    (answer) => !isBeginning(answer),
  );
}

function sendTo(server: Server, { method, path, contentType, body }: Listed): Promise<Answer> {
  const home = homes.get(server);
  const placed = (text: string): string =>
    text.replaceAll('NODE', home?.node ?? '').replaceAll('NS', home?.namespace ?? '');
  const payload = body === undefined ? undefined : placed(typeof body === 'string' ? body : JSON.stringify(body));
  return server.call(method, placed(path), {
    ...(contentType ? { contentType } : {}),
    ...(payload === undefined ? {} : { body: payload }),
  });
}

function reasonOf(answer: Answer): string | undefined {
  return answer.body?.kind === 'Status' && answer.body.status === 'Failure' ? answer.body.reason : undefined;
}

/** Each cause once: at an update the API server repeats some, two or three times. */
function causesOf(answer: Answer): string[] {
  const all = (answer.body?.details?.causes ?? []).map(
    (cause: { field?: string; reason?: string }) => `${cause.field}: ${cause.reason}`,
  );
  return [...new Set<string>(all)];
}

/** The answer without what differs from one moment, or one machine, to the next. */
function comparable(answer: Answer): unknown {
  if (answer.body === undefined) return answer.status === 200 ? 'text' : answer.text;
  if (answer.body.kind === 'Status')
    return without({ ...answer.body, details: { ...answer.body.details, causes: causesOf(answer).sort() } });
  if (answer.body.kind === 'Node')
    return without({
      ...answer.body,
      status: undefined,
      metadata: { ...answer.body.metadata, annotations: undefined },
    });
  if (answer.body.kind?.endsWith('List'))
    return {
      kind: answer.body.kind,
      names: answer.body.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    };
  // These statuses are their controllers', whose moment differs; other tests look at them.
  if (['Deployment', 'HorizontalPodAutoscaler'].includes(answer.body.kind))
    return without({ ...answer.body, status: undefined });
  // Whether the provisioner was asked before the volume was there, depends on the moment.
  if (answer.body.kind === 'PersistentVolumeClaim') {
    const { metadata } = answer.body;
    const annotations = Object.entries(metadata.annotations ?? {}).filter(
      ([key]) => !key.endsWith('storage-provisioner'),
    );
    return without({ ...answer.body, metadata: { ...metadata, annotations: Object.fromEntries(annotations) } });
  }
  if (answer.body.kind === 'Pod') return without({ ...answer.body, status: answer.body.status?.phase });
  return without(answer.body);
}

function without(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(without);
  if (typeof value === 'string')
    return value
      .replace(/kube-api-access-\w{5}/, 'kube-api-access')
      .replace(/same-answers-\w{8}/g, 'home')
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, 'uid');
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, item]) => !volatile.includes(key) && item !== undefined)
      .map(([key, item]) => [key, without(item)]),
  );
}
