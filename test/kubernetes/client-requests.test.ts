import { describe, expect, test } from 'vitest';

import { json, refusal, startFaultyServer, text } from './faulty-server.ts';

const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' };
const anything = json(200, { apiVersion: 'v1', kind: 'Any', metadata: { name: 'web', uid: 'u-1' } });

describe('a request', () => {
  test('of each kind of patch has its content type', async () => {
    await using server = await startFaultyServer(anything);
    const cluster = server.cluster();

    for (const type of ['merge', 'strategic', 'json', 'apply'] as const)
      await cluster.patch(deployment, { type, body: [], force: true });

    expect(server.requests.map(({ headers }) => headers['content-type'])).toEqual([
      'application/merge-patch+json',
      'application/strategic-merge-patch+json',
      'application/json-patch+json',
      'application/apply-patch+yaml',
    ]);
    expect(server.requests[3]?.line).toBe(
      'PATCH /apis/apps/v1/namespaces/shop/deployments/web?fieldManager=executor-service&force=true',
    );
  });

  test('that is only tried says so', async () => {
    await using server = await startFaultyServer(anything);
    const cluster = server.cluster();
    const pod = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web' };

    await cluster.patch(deployment, { type: 'merge', body: {}, subresource: 'scale' }, { dryRun: true });
    await cluster.create({ ...deployment, metadata: { namespace: 'shop', name: 'web' } }, { dryRun: true });
    await cluster.evict(pod, { dryRun: true });
    await cluster.delete(pod, { dryRun: true });

    expect(server.requests.map(({ line }) => line)).toEqual([
      'PATCH /apis/apps/v1/namespaces/shop/deployments/web/scale?dryRun=All',
      'POST /apis/apps/v1/namespaces/shop/deployments?dryRun=All',
      'POST /api/v1/namespaces/shop/pods/web/eviction?dryRun=All',
      'DELETE /api/v1/namespaces/shop/pods/web',
    ]);
    expect(JSON.parse(server.requests[3]?.body ?? '')).toMatchObject({ dryRun: ['All'] });
  });

  test('to delete carries the UID of the reference, or the one given', async () => {
    await using server = await startFaultyServer(anything);

    await server
      .cluster()
      .delete(
        { ...deployment, uid: 'u-1' },
        { resourceVersion: '7', gracePeriodSeconds: 0, propagationPolicy: 'Foreground' },
      );

    expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds: 0,
      propagationPolicy: 'Foreground',
      preconditions: { uid: 'u-1', resourceVersion: '7' },
    });
  });

  test('for logs asks for what was asked for, and never for all', async () => {
    await using server = await startFaultyServer(text(200, 'one\ntwo\n'));

    const log = await server
      .cluster()
      .logs(
        { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web' },
        { container: 'app', previous: true, tailLines: 2 },
      );

    expect(log).toBe('one\ntwo\n');
    expect(server.requests[0]?.line).toBe(
      'GET /api/v1/namespaces/shop/pods/web/log?container=app&previous=true&tailLines=2&limitBytes=16777216',
    );
  });

  test.each([
    ['no namespace', { ...deployment, namespace: undefined }, 'Deployment "web" needs a namespace'],
    [
      'a namespace too many',
      { apiVersion: 'v1', kind: 'Node', namespace: 'shop', name: 'n' },
      'Node belongs to the whole cluster',
    ],
    ['a name that leaves its segment', { ...deployment, name: '../../secrets' }, 'name of the Deployment'],
    ['the name of a parent', { ...deployment, name: '..' }, 'not a valid name'],
    ['no name', { ...deployment, name: '' }, 'must not be empty'],
    ['a namespace that is a path', { ...deployment, namespace: 'a/../b' }, 'namespace'],
    ['a name with a query', { ...deployment, name: 'web?force=true' }, undefined],
  ])('with %s never becomes another', async (_, reference, message) => {
    await using server = await startFaultyServer(refusal(404));

    const error: unknown = await server
      .cluster()
      .get(reference)
      .catch((reason: unknown) => reason);

    if (message) expect(error).toMatchObject({ reason: 'invalid', message: expect.stringContaining(message) });
    expect(server.requests.map(({ line }) => line)).toEqual(
      message ? [] : ['GET /apis/apps/v1/namespaces/shop/deployments/web%3Fforce%3Dtrue'],
    );
  });

  test('for an object by its UID does not take another one of that name for it', async () => {
    await using server = await startFaultyServer(anything);
    const cluster = server.cluster();

    await expect(cluster.get({ ...deployment, uid: 'u-1' })).resolves.toMatchObject({ metadata: { uid: 'u-1' } });
    await expect(cluster.get({ ...deployment, uid: 'u-0' })).rejects.toMatchObject({
      reason: 'notFound',
      message: expect.stringContaining('u-0 is gone'),
    });
  });
});

describe('a list', () => {
  const page = (names: string[], next?: string) =>
    json(200, {
      kind: 'PodList',
      apiVersion: 'v1',
      metadata: { resourceVersion: '9', continue: next },
      items: names.map((name) => ({ metadata: { name } })),
    });
  const pods = { apiVersion: 'v1', kind: 'Pod' };

  test('is read page by page, and its items know their kind', async () => {
    await using server = await startFaultyServer(page(['a', 'b'], 'next/1='), page(['c']));

    const list = await server.cluster().list({ ...pods, labelSelector: 'app in (a,b)' });

    expect(list).toMatchObject({ resourceVersion: '9', more: false });
    expect(list.items).toEqual(['a', 'b', 'c'].map((name) => ({ ...pods, metadata: { name } })));
    expect(server.requests.map(({ line }) => line)).toEqual([
      'GET /api/v1/pods?labelSelector=app%20in%20(a%2Cb)&limit=500',
      'GET /api/v1/pods?labelSelector=app%20in%20(a%2Cb)&limit=500&continue=next%2F1%3D',
    ]);
  });

  test('stops at its limit and says that there is more', async () => {
    await using server = await startFaultyServer(page(['a', 'b'], 'x'), page(['c'], 'y'));

    const list = await server.cluster().list({ ...pods, namespace: 'shop' }, { limit: 3 });

    expect(list.items).toHaveLength(3);
    expect(list.more).toBe(true);
    expect(server.requests[1]?.line).toBe('GET /api/v1/namespaces/shop/pods?limit=1&continue=x');
  });

  test('is begun anew when its snapshot has expired, but only once', async () => {
    await using server = await startFaultyServer(page(['old'], 'x'), refusal(410), page(['new']));
    await using hopeless = await startFaultyServer(refusal(410));

    expect((await server.cluster().list(pods)).items.map((item) => item.metadata.name)).toEqual(['new']);
    await expect(hopeless.cluster().list(pods)).rejects.toMatchObject({ reason: 'expired' });
    expect(hopeless.requests).toHaveLength(2);
  });

  test('of metadata only is asked for by its media type, and hides how it came', async () => {
    await using server = await startFaultyServer(
      json(200, {
        metadata: {},
        items: [{ apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata', metadata: { name: 'a' } }],
      }),
    );

    const { items } = await server.cluster().list(pods, { metadataOnly: true });

    expect(items).toEqual([{ ...pods, metadata: { name: 'a' } }]);
    expect(server.requests[0]?.headers.accept).toBe('application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1');
  });

  test('of nothing is empty, as Go writes it too', async () => {
    await using server = await startFaultyServer(json(200, { metadata: { resourceVersion: '1' }, items: null }));

    expect(await server.cluster().list(pods)).toEqual({ items: [], resourceVersion: '1', more: false });
  });
});

describe('a kind that is not built in', () => {
  const snapshots = json(200, {
    kind: 'APIResourceList',
    groupVersion: 'snapshot.storage.k8s.io/v1',
    resources: [
      { name: 'volumesnapshots', kind: 'VolumeSnapshot', namespaced: true },
      { name: 'volumesnapshots/status', kind: 'VolumeSnapshot', namespaced: true },
      { name: 'volumesnapshotclasses', kind: 'VolumeSnapshotClass', namespaced: false },
    ],
  });
  const snapshot = { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot', namespace: 'shop', name: 'a' };

  test('is looked up once', async () => {
    await using server = await startFaultyServer(snapshots, anything);
    const cluster = server.cluster();

    await cluster.get(snapshot);
    await cluster.get({ apiVersion: snapshot.apiVersion, kind: 'VolumeSnapshotClass', name: 'b' });

    expect(server.requests.map(({ line }) => line)).toEqual([
      'GET /apis/snapshot.storage.k8s.io/v1',
      'GET /apis/snapshot.storage.k8s.io/v1/namespaces/shop/volumesnapshots/a',
      'GET /apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses/b',
    ]);
  });

  test('that the server does not know is not found, and not asked for in a row', async () => {
    await using server = await startFaultyServer(snapshots);
    const cluster = server.cluster();

    for (let call = 0; call < 3; call++) {
      await expect(cluster.get({ ...snapshot, kind: 'Nothing' })).rejects.toMatchObject({
        reason: 'notFound',
        message:
          'the cluster serves no kind Nothing in snapshot.storage.k8s.io/v1; it has VolumeSnapshot, VolumeSnapshotClass',
      });
    }
    expect(server.requests).toHaveLength(1);
  });

  test('of a group that the server does not have is not found', async () => {
    await using server = await startFaultyServer(text(404, '404 page not found'));

    await expect(server.cluster().get(snapshot)).rejects.toMatchObject({
      reason: 'notFound',
      message: expect.stringContaining('serves no snapshot.storage.k8s.io/v1'),
    });
  });

  test.each(['', 'a/b/c', '../api', 'apps/V1', 'apps/v1?x', 'Apps.Example/v1'])(
    'with the apiVersion %j asks nothing',
    async (apiVersion) => {
      await using server = await startFaultyServer(anything);

      await expect(server.cluster().get({ ...snapshot, apiVersion })).rejects.toMatchObject({ reason: 'notFound' });
      expect(server.requests).toHaveLength(0);
    },
  );
});
