import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MERGE, type Server, eventually, homeOn, realServer, sandboxServer } from './servers.ts';

const auditLog = join(mkdtempSync(join(tmpdir(), 'sandbox-')), 'audit.log');
const sandbox = await sandboxServer({ auditLog });
const maps = '/api/v1/namespaces/default/configmaps';
afterAll(() => sandbox.close());

const patch = (path: string, body: unknown) => sandbox.call('PATCH', path, { contentType: MERGE, body });

describe('storage', () => {
  test('of writers that read the same version exactly one wins', async () => {
    const { body } = await sandbox.call('POST', maps, { body: { metadata: { name: 'contended' } } });
    const { resourceVersion } = body.metadata;

    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        patch(`${maps}/contended`, { metadata: { resourceVersion }, data: { winner: String(index) } }),
      ),
    );

    expect(answers.filter((answer) => answer.status === 200).length).toBe(1);
    expect(answers.filter((answer) => answer.status === 409).length).toBe(29);
  });

  test('patches without a version all take effect', async () => {
    await sandbox.call('POST', maps, { body: { metadata: { name: 'shared' } } });

    await Promise.all(
      Array.from({ length: 30 }, (_, index) => patch(`${maps}/shared`, { data: { [`k${index}`]: 'v' } })),
    );

    expect(Object.keys((await sandbox.call('GET', `${maps}/shared`)).body.data).length).toBe(30);
  });

  test('a dry run answers as the write would and leaves everything as it was', async () => {
    await sandbox.call('POST', maps, { body: { metadata: { name: 'dry' }, data: { a: 'b' } } });
    const before = await sandbox.call('GET', maps);

    const patched = await sandbox.call('PATCH', `${maps}/dry?dryRun=All`, {
      contentType: MERGE,
      body: { data: { a: 'c' } },
    });
    const deleted = await sandbox.call('DELETE', `${maps}/dry?dryRun=All`);
    const deletedByBody = await sandbox.call('DELETE', `${maps}/dry`, { body: { dryRun: ['All'] } });

    expect(patched.body.data.a).toBe('c');
    expect([deleted.status, deletedByBody.status]).toEqual([200, 200]);
    expect((await sandbox.call('GET', maps)).text).toBe(before.text);
  });

  test('a finalizer holds a deleted object until it is taken off', async () => {
    await sandbox.call('POST', maps, { body: { metadata: { name: 'held', finalizers: ['test/hold'] } } });

    const deleted = await sandbox.call('DELETE', `${maps}/held`);
    const added = await patch(`${maps}/held`, { metadata: { finalizers: ['test/hold', 'test/more'] } });
    const released = await patch(`${maps}/held`, { metadata: { finalizers: null } });

    expect(deleted.body.metadata.deletionTimestamp).toBeDefined();
    expect(added.status).toBe(422);
    expect(released.status).toBe(200);
    expect((await sandbox.call('GET', `${maps}/held`)).status).toBe(404);
  });

  test('pages hold every object once, whatever is deleted in between', async () => {
    await Promise.all(
      Array.from({ length: 25 }, (_, index) =>
        sandbox.call('POST', maps, { body: { metadata: { name: `page-${index}`, labels: { page: 'yes' } } } }),
      ),
    );
    const names: string[] = [];
    let token = '';
    do {
      const { body } = await sandbox.call('GET', `${maps}?labelSelector=page&limit=10&continue=${token}`);
      names.push(...body.items.map((item: { metadata: { name: string } }) => item.metadata.name));
      token = body.metadata.continue ?? '';
      await sandbox.call('DELETE', `${maps}/${names[0]}`);
    } while (token);

    expect(new Set(names).size).toBe(25);
    expect(names.length).toBe(25);
  });

  test('a namespace takes what is in it along, and takes nothing new while it goes', async () => {
    await sandbox.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'leaving' } } });
    await sandbox.call('POST', '/api/v1/namespaces/leaving/configmaps', {
      body: { metadata: { name: 'held', finalizers: ['test/hold'] } },
    });

    await sandbox.call('DELETE', '/api/v1/namespaces/leaving');
    await eventually(
      () => sandbox.call('GET', '/api/v1/namespaces/leaving/configmaps'),
      (answer) => answer.body.items.length === 1,
    );
    const late = await sandbox.call('POST', '/api/v1/namespaces/leaving/configmaps', {
      body: { metadata: { name: 'late' } },
    });
    await patch('/api/v1/namespaces/leaving/configmaps/held', { metadata: { finalizers: null } });

    expect({ status: late.status, cause: late.body.details.causes[0].reason }).toEqual({
      status: 403,
      cause: 'NamespaceTerminating',
    });
    await eventually(
      () => sandbox.call('GET', '/api/v1/namespaces/leaving'),
      (answer) => answer.status === 404,
    );
  });

  test('events of both groups are the same objects', async () => {
    await sandbox.call('POST', '/apis/events.k8s.io/v1/namespaces/default/events', {
      body: {
        metadata: { name: 'new' },
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'test',
        reportingInstance: 'one',
        action: 'Test',
        regarding: { kind: 'Node', name: 'n', namespace: 'default' },
        note: 'hello',
        reason: 'Tested',
        type: 'Normal',
      },
    });

    const old = await sandbox.call('GET', '/api/v1/namespaces/default/events/new');

    expect(old.body).toMatchObject({
      message: 'hello',
      involvedObject: { kind: 'Node', name: 'n' },
      reportingComponent: 'test',
    });
    expect((await sandbox.call('GET', '/apis/events.k8s.io/v1/namespaces/default/events/new')).body).toMatchObject({
      note: 'hello',
      regarding: { name: 'n' },
    });
  });

  test('metadata alone, and tables, are answered when asked for', async () => {
    await sandbox.call('POST', maps, { body: { metadata: { name: 'formed' }, data: { a: 'b' } } });

    const partial = await sandbox.call('GET', `${maps}/formed`, {
      accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
    });
    const list = await sandbox.call('GET', maps, {
      accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
    });
    const table = await sandbox.call('GET', `${maps}/formed`, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    });
    const none = await sandbox.call('GET', maps, { accept: 'text/csv' });

    expect(Object.keys(partial.body).sort()).toEqual(['apiVersion', 'kind', 'metadata']);
    expect(list.body.kind).toBe('PartialObjectMetadataList');
    expect(table.body.rows[0].cells.slice(0, 2)).toEqual(['formed', 1]);
    expect(none.status).toBe(406);
  });
});

test('nothing that is sent makes the server stumble', async () => {
  const attempts = [
    sandbox.call('GET', '/api/v1/namespaces/%zz/pods'),
    sandbox.call('GET', '/api/v1/namespaces/default/pods/..%2f..'),
    sandbox.call('POST', maps, { body: '[]' }),
    sandbox.call('POST', maps, { body: 'null' }),
    sandbox.call('POST', maps, { body: '{"metadata":[]}' }),
    sandbox.call('POST', `${maps}?fieldValidation=Strict`, {
      body: '{"metadata":{"name":"odd"},"constructor":1,"__proto__":{"a":1}}',
    }),
    sandbox.call('POST', maps, { body: { metadata: { name: 'big' }, data: { a: 'x'.repeat(4 * 1024 * 1024) } } }),
    sandbox.call('POST', maps, { contentType: 'application/vnd.kubernetes.protobuf', body: 'k8s\0nonsense' }),
    sandbox.call('POST', maps, { contentType: 'application/yaml', body: 'a: [' }),
    sandbox.call('DELETE', '/api/v1/namespaces/default/pods/none?gracePeriodSeconds=x'),
  ];

  const codes = (await Promise.all(attempts)).map((answer) => answer.status);

  expect(codes).toEqual([400, 404, 400, 400, 400, 400, 413, 400, 400, 400]);
  expect((await sandbox.call('GET', '/healthz')).text).toBe('ok');
});

test('the audit log tells of every request in the shape of the API server', async () => {
  await sandbox.call('GET', `${maps}/dry`);
  await patch(`${maps}/dry`, { data: { audited: 'yes' } });
  await sandbox.call('GET', `${maps}?watch=1&timeoutSeconds=1`);
  await sandbox.call('DELETE', `${maps}?labelSelector=page`);
  await sandbox.call('GET', '/apis/apps/v1/namespaces/default/deployments/none/scale');

  const lines = await eventually(
    async () =>
      readFileSync(auditLog, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    (events) => events.some((event) => event.objectRef?.subresource === 'scale'),
  );

  const last = (verb: string) => lines.findLast((event) => event.verb === verb);
  expect(last('patch')).toMatchObject({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Request',
    stage: 'ResponseComplete',
    objectRef: { resource: 'configmaps', namespace: 'default', name: 'dry', apiVersion: 'v1' },
    responseStatus: { code: 200 },
    requestObject: { data: { audited: 'yes' } },
    user: { username: 'admin' },
  });
  expect(lines.filter((event) => event.verb === 'watch').map((event) => event.stage)).toEqual([
    'ResponseStarted',
    'ResponseComplete',
  ]);
  expect(last('deletecollection').objectRef).toEqual({
    resource: 'configmaps',
    namespace: 'default',
    apiVersion: 'v1',
  });
  expect(last('get')).toMatchObject({
    objectRef: { resource: 'deployments', subresource: 'scale', apiGroup: 'apps' },
    responseStatus: { code: 404 },
  });
});

describe('the seed', () => {
  let shop: Server;
  beforeAll(async () => void (shop = await sandboxServer({ seed: true })));
  afterAll(() => shop.close());

  test('is a small shop on three nodes, with a second revision of its web server and one thing that crashes', async () => {
    const apps = '/apis/apps/v1/namespaces/production';
    const web = await eventually(
      () => shop.call('GET', `${apps}/deployments/web-server`),
      ({ body }) =>
        body.metadata.annotations['deployment.kubernetes.io/revision'] === '2' &&
        body.status.readyReplicas === 2 &&
        body.status.updatedReplicas === 2,
    );
    const payments = await eventually(
      () => shop.call('GET', '/api/v1/namespaces/production/pods?labelSelector=app=payments'),
      ({ body }) => body.items[0]?.status.phase === 'Running',
    );
    const previous = await shop.call(
      'GET',
      `/api/v1/namespaces/production/pods/${payments.body.items[0].metadata.name}/log?previous=true&tailLines=1`,
    );

    expect(web.body.spec.replicas).toBe(2);
    expect(
      (await shop.call('GET', '/api/v1/nodes')).body.items.map(
        (node: { metadata: { name: string } }) => node.metadata.name,
      ),
    ).toEqual(['node-1', 'node-2', 'node-3']);
    expect(payments.body.items[0].status.containerStatuses[0].state.waiting.reason).toBe('CrashLoopBackOff');
    expect(previous.text).toMatch(/exit 137\n$/);
    expect((await shop.call('GET', '/version')).body.gitVersion).toBe('v1.36.0+sandbox');
  });
});

const real = realServer();
test(
  'a node keeps the status that it is registered with: without room it takes no pod',
  { timeout: 40_000 },
  async () => {
    for (const server of real ? [sandbox, real] : [sandbox]) {
      const home = await homeOn(server, 'full');
      const node = `${home.namespace}-full`;
      const pods = `/api/v1/namespaces/${home.namespace}/pods`;
      const status = { allocatable: { cpu: '16', memory: '64Gi', pods: '0' } };
      await server.call('POST', '/api/v1/nodes', {
        body: { metadata: { name: node, labels: { full: node } }, status },
      });
      const containers = [{ name: 'app', image: 'registry.example/app:1' }];
      await server.call('POST', pods, {
        body: { metadata: { name: 'waits' }, spec: { nodeSelector: { full: node }, containers } },
      });

      const waits = await eventually(
        () => server.call('GET', `${pods}/waits`),
        ({ body }) => /Too many pods/.test(body.status.conditions?.[0]?.message),
        15_000,
      );

      expect(waits.body.spec.nodeName).toBeUndefined();
      expect((await server.call('GET', `/api/v1/nodes/${node}`)).body.status.allocatable.pods).toBe('0');
      await server.call('DELETE', `/api/v1/nodes/${node}`);
      await home.clear();
    }
  },
);

test.runIf(real)('the definitions are those of the real server', async () => {
  const { body } = (await real?.call('GET', '/openapi/v2')) ?? {};
  const { default: ours } = await import('../../src/sandbox/schema/definitions.json', { with: { type: 'json' } });
  const pod = JSON.parse(
    JSON.stringify(body.definitions['io.k8s.api.core.v1.PodSpec'], (key, value: unknown) =>
      key === 'description' && typeof value === 'string' ? undefined : value,
    ),
  );
  expect(ours['io.k8s.api.core.v1.PodSpec']).toEqual(pod);
});
