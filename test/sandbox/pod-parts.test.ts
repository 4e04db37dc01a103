import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Answer,
  type Home,
  STRATEGIC,
  type Server,
  eventually,
  homeOn,
  realServer,
  sandboxServer,
} from './servers.ts';

const sandbox = await sandboxServer();
const real = realServer();

describe.each([real ?? sandbox].map((server): [string, Server] => [server.name, server]))(
  'parts of a pod on the %s cluster',
  (_name, server) => {
    let home: Home;
    let path: string;
    const get = (): Promise<Answer> => server.call('GET', path);
    const patch = (part: string, spec: object): Promise<Answer> =>
      server.call('PATCH', `${path}/${part}`, { contentType: STRATEGIC, body: { spec } });

    beforeAll(async () => {
      home = await homeOn(server, 'pod-parts');
      path = `/api/v1/namespaces/${home.namespace}/pods/p`;
      const resources = { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '200m', memory: '64Mi' } };
      const spec = { nodeName: home.node, containers: [{ name: 'c', image: 'i:1', resources }] };
      await server.call('POST', `/api/v1/namespaces/${home.namespace}/pods`, {
        body: { metadata: { name: 'p' }, spec },
      });
      await eventually(get, ({ body }) => body.status?.phase === 'Running');
    }, 30_000);

    afterAll(async () => {
      await home.clear();
      await sandbox.close();
    }, 60_000);

    test('a resize is carried out without a restart, and the status tells when', async () => {
      const resources = { requests: { cpu: '150m', memory: '128Mi' }, limits: { cpu: '300m', memory: '128Mi' } };

      const sent = await patch('resize', { containers: [{ name: 'c', resources }] });
      const done = await eventually(get, ({ body }) => body.status.observedGeneration === body.metadata.generation);

      expect(sent.body.metadata.generation).toBe(2);
      expect(sent.body.status.containerStatuses[0].resources.limits.memory).toBe('64Mi');
      expect(done.body.status.containerStatuses[0]).toMatchObject({ resources, restartCount: 0, ready: true });
    });

    // The tests' real cluster has no kubelet that starts these.
    test.runIf(server === sandbox)('an ephemeral container is started beside the others', async () => {
      await patch('ephemeralcontainers', { ephemeralContainers: [{ name: 'look', image: 'busybox:1' }] });
      const done = await eventually(get, ({ body }) => body.status.ephemeralContainerStatuses !== undefined);

      expect(done.body.status.ephemeralContainerStatuses).toMatchObject([
        { name: 'look', image: 'busybox:1', state: { running: {} } },
      ]);
      expect(done.body.status.phase).toBe('Running');
    });
  },
);
