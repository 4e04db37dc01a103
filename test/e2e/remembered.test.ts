import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Fetch } from '../../src/kubernetes/transport.ts';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { auditFromNow } from '../support/audit.ts';
import { atRest, connectTestClient, createNodes, ensureNodes } from '../support/cluster.ts';
import { type Service, startService } from '../support/service.ts';

let cluster: ConnectedCluster;
let service: Service;
const outdated = new Map<string, { status: number; text: string }>();
const made: string[] = [];

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  service = await startService({ faults: answeringFromAnOldMemory });
});

afterAll(async () => {
  await service.close();
  for (const name of made) await cluster.delete(node(name)).catch(() => undefined);
  await cluster.close();
});

/** An API server whose memory lags behind: it knows the objects of `outdated` as they were when they were put there. */
function answeringFromAnOldMemory(send: Fetch): Fetch {
  return async (url, init) => {
    const { pathname, searchParams } = new URL(url);
    const old = searchParams.get('resourceVersion') === '0' ? outdated.get(pathname) : undefined;
    if (!old) return await send(url, init);
    return new Response(old.text, { status: old.status, headers: { 'content-type': 'application/json' } });
  };
}

const node = (name: string) => ({ apiVersion: 'v1', kind: 'Node', name });

async function makeNode(): Promise<string> {
  const name = `remembered-${randomUUID().slice(0, 8)}`;
  made.push(name);
  await createNodes(cluster, [name]);
  await atRest(cluster, node(name));
  return name;
}

/** From here on the memory knows the node as it is now. */
async function rememberNow(name: string): Promise<void> {
  outdated.set(`/api/v1/nodes/${name}`, { status: 200, text: JSON.stringify(await cluster.get(node(name))) });
}

async function edit(name: string, body: object): Promise<void> {
  await cluster.patch(node(name), { type: 'merge', body });
  await atRest(cluster, node(name));
}

const cordon = (name: string, more = {}) => service.execute('cordon_node', { node_name: name }, more);

test('a plan from an outdated memory is refused by the API server and made anew from what is there', async () => {
  const name = await makeNode();
  await rememberNow(name);
  await edit(name, { metadata: { labels: { changed: 'since' } } });
  const audit = await auditFromNow();

  const { body } = await cordon(name);

  expect(body).toMatchObject({ status: 'completed', changed: true });
  expect(await audit.writes({ name })).toEqual(['patch nodes 409', 'patch nodes 200']);
});

test('so already in memory, but not any more: it is done', async () => {
  const name = await makeNode();
  await edit(name, { spec: { unschedulable: true } });
  await rememberNow(name);
  await edit(name, { spec: { unschedulable: null } });

  const { body } = await cordon(name);

  expect(body).toMatchObject({ status: 'completed', changed: true });
  expect((await cluster.get(node(name))).spec).toMatchObject({ unschedulable: true });
});

test('not there in memory, or refused by what is remembered, but not any more: it is done', async () => {
  const unknown = await makeNode();
  outdated.set(`/api/v1/nodes/${unknown}`, {
    status: 404,
    text: JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 }),
  });
  const relabelled = await makeNode();
  const role = 'node-role.kubernetes.io/control-plane';
  await edit(relabelled, { metadata: { labels: { [role]: '' } } });
  await rememberNow(relabelled);
  await edit(relabelled, { metadata: { labels: { [role]: null } } });

  const answers = await Promise.all([cordon(unknown), cordon(relabelled)]);

  for (const { body } of answers) expect(body).toMatchObject({ status: 'completed', changed: true });
});

test('refused by what is there, though memory would let it pass', async () => {
  const name = await makeNode();
  await rememberNow(name);
  await edit(name, { metadata: { labels: { 'node-role.kubernetes.io/control-plane': '' } } });
  const audit = await auditFromNow();

  const { body } = await cordon(name);

  expect(body).toMatchObject({ status: 'failed', error: { code: 'policy_denied' }, changed: false });
  expect(await audit.writes({ name })).toEqual(['patch nodes 409']);
});

test('a dry run is about the object as it is', async () => {
  const name = await makeNode();
  await rememberNow(name);
  await edit(name, { metadata: { labels: { changed: 'since' } } });

  const { body } = await cordon(name, { dry_run: true });

  expect(body).toMatchObject({ status: 'completed', dry_run: true, changes: [{ verified: true }] });
});
