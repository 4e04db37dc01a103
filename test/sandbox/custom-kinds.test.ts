import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, type Home, MERGE, eventually, homeOn, sandboxServer } from './servers.ts';

const sandbox = await sandboxServer();
let home: Home;

beforeAll(async () => {
  home = await homeOn(sandbox, 'custom');
}, 30_000);

afterAll(async () => {
  await home.clear();
  await sandbox.close();
}, 60_000);

const get = (path: string): Promise<Answer> => sandbox.call('GET', path);
const define = (group: string, plural: string, kind: string, version = 'v1'): Promise<Answer> =>
  sandbox.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    body: {
      metadata: {
        name: `${plural}.${group}`,
        annotations: { 'api-approved.kubernetes.io': 'unapproved, test-only' },
      },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural, kind, shortNames: ['ws'] },
        versions: [
          {
            name: version,
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    },
  });

test('a custom kind is discovered, listed and watched, owned, and gone with its definition', async () => {
  await define('shop.example.com', 'widgets', 'Widget');
  const widgets = `/apis/shop.example.com/v1/namespaces/${home.namespace}/widgets`;
  await eventually(
    () => get(widgets),
    ({ status }) => status === 200,
  );
  const body = (name: string, ownerReferences: object[] = []): object => ({
    apiVersion: 'shop.example.com/v1',
    kind: 'Widget',
    metadata: { name, ownerReferences },
    anything: { goes: [null, 1] },
  });
  const owner = await sandbox.call('POST', widgets, { body: body('owner') });
  const { uid } = owner.body.metadata;
  await sandbox.call('POST', widgets, {
    body: body('owned', [{ apiVersion: 'shop.example.com/v1', kind: 'Widget', name: 'owner', uid }]),
  });

  const listed = await get(widgets);
  const watched = await get(`${widgets}?watch=1&timeoutSeconds=1`);
  const resources = await get('/apis/shop.example.com/v1');
  await sandbox.call('DELETE', `${widgets}/owner`);
  await eventually(
    () => get(widgets),
    (answer) => answer.body.items.length === 0,
  );
  await sandbox.call('DELETE', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.shop.example.com');

  expect(owner.body).toMatchObject({ anything: { goes: [null, 1] }, metadata: { generation: 1 } });
  expect(listed.body).toMatchObject({
    kind: 'WidgetList',
    items: [{ kind: 'Widget', metadata: { name: 'owned' } }, { metadata: { name: 'owner' } }],
  });
  expect(watched.text.trim().split('\n').length).toBe(2);
  expect(resources.body.resources[0]).toMatchObject({ name: 'widgets', singularName: 'widget', shortNames: ['ws'] });
  expect((await get(widgets)).status).toBe(404);
});

test('usage is what the annotation says, and nothing where there is none', async () => {
  const pods = `/api/v1/namespaces/${home.namespace}/pods`;
  const pod = (name: string, usage?: object): object => ({
    metadata: { name, ...(usage ? { annotations: { 'sandbox/usage': JSON.stringify(usage) } } : {}) },
    spec: {
      nodeName: home.node,
      containers: [
        { name: 'a', image: 'i' },
        { name: 'b', image: 'i' },
      ],
    },
  });
  await sandbox.call('POST', pods, { body: pod('same', { cpu: '120m', memory: '200Mi' }) });
  await sandbox.call('POST', pods, { body: pod('own', { b: { cpu: '1', memory: '1Gi' } }) });
  await sandbox.call('POST', pods, { body: pod('none') });
  const metrics = `/apis/metrics.k8s.io/v1beta1/namespaces/${home.namespace}/pods`;

  const all = await eventually(
    () => get(metrics),
    ({ body }) => body.items.length === 2,
  );
  const none = await get(`${metrics}/none`);
  const node = await get(`/apis/metrics.k8s.io/v1beta1/nodes/${home.node}`);
  const refused = await sandbox.call('PATCH', `${metrics}/own`, { contentType: MERGE, body: {} });

  expect(all.body.items.map(({ containers }: { containers: object[] }) => containers)).toEqual([
    [{ name: 'b', usage: { cpu: '1', memory: '1Gi' } }],
    [
      { name: 'a', usage: { cpu: '120m', memory: '200Mi' } },
      { name: 'b', usage: { cpu: '120m', memory: '200Mi' } },
    ],
  ]);
  expect({ status: none.status, reason: none.body.reason }).toEqual({ status: 404, reason: 'NotFound' });
  expect(node.body.usage).toEqual({ cpu: '1240m', memory: '1458176Ki' });
  expect(refused.status).toBe(405);
});

test('a definition may stand in for the metrics API', async () => {
  await define('metrics.k8s.io', 'pods', 'PodMetrics', 'v1beta1');
  const metrics = `/apis/metrics.k8s.io/v1beta1/namespaces/${home.namespace}/pods`;
  const body = { apiVersion: 'metrics.k8s.io/v1beta1', kind: 'PodMetrics', metadata: { name: 'p' }, containers: [] };

  const made = await eventually(
    () => sandbox.call('POST', metrics, { body }),
    ({ status }) => status === 201,
  );

  expect(made.body.metadata.name).toBe('p');
  expect((await get(`${metrics}/p`)).body.containers).toEqual([]);
});
