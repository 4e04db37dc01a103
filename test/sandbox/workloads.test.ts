import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Answer,
  type Home,
  MERGE,
  STRATEGIC,
  type Server,
  deploymentOf,
  eventually,
  homeOn,
  realServer,
  sandboxServer,
} from './servers.ts';

const sandbox = await sandboxServer();
const real = realServer();

// The same behaviour on both, each in its own run: where they differ, the sandbox is wrong.
describe.each([real ?? sandbox].map((server): [string, Server] => [server.name, server]))(
  'workloads on the %s cluster',
  (_name, server) => {
    let home: Home;
    let core: string;
    let apps: string;

    beforeAll(async () => {
      home = await homeOn(server, 'workloads');
      core = `/api/v1/namespaces/${home.namespace}`;
      apps = `/apis/apps/v1/namespaces/${home.namespace}`;
    }, 30_000);

    afterAll(async () => {
      await home.clear();
      await sandbox.close();
    }, 60_000);

    const get = (path: string): Promise<Answer> => server.call('GET', path);
    const create = async (path: string, body: unknown): Promise<Answer> => {
      const answer = await server.call('POST', path, { body });
      expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 201 });
      return answer;
    };
    const patch = (path: string, body: unknown, contentType = MERGE): Promise<Answer> =>
      server.call('PATCH', path, { contentType, body });
    const complete = ({ body: { metadata, spec, status } }: Answer): boolean =>
      status.observedGeneration === metadata.generation &&
      status.updatedReplicas === spec.replicas &&
      status.replicas === spec.replicas &&
      status.availableReplicas === spec.replicas;
    const conditionOf = (answer: Answer, type: string): { status: string; reason: string; message: string } =>
      answer.body.status.conditions?.find((entry: { type: string }) => entry.type === type);
    const image = (name: string): unknown => ({
      spec: { template: { spec: { containers: [{ name: 'main', image: name }] } } },
    });
    const setsOf = async (
      name: string,
    ): Promise<
      {
        metadata: { name: string; annotations: Record<string, string> };
        spec: { replicas: number; template: { spec: unknown } };
      }[]
    > => (await get(`${apps}/replicasets?labelSelector=app=${name}`)).body.items;
    const revisions = async (name: string): Promise<string[]> =>
      (await setsOf(name))
        .map((set) => `${set.metadata.annotations['deployment.kubernetes.io/revision']}:${set.spec.replicas}`)
        .sort();

    test('a Deployment rolls out, is updated, and returns to its old ReplicaSet under a new revision', async () => {
      const path = `${apps}/deployments/web`;
      await create(`${apps}/deployments`, deploymentOf('web', 2, { node: home.node, image: 'a:1' }));
      const first = await eventually(() => get(path), complete);
      expect(first.body.metadata.annotations['deployment.kubernetes.io/revision']).toBe('1');
      expect(first.body.metadata.generation).toBe(1);

      await patch(path, image('a:2'), STRATEGIC);
      await eventually(() => get(path), complete);
      expect(
        await eventually(
          () => revisions('web'),
          (list) => list.includes('1:0'),
        ),
      ).toEqual(['1:0', '2:2']);

      await patch(path, image('a:1'), STRATEGIC);
      const back = await eventually(() => get(path), complete);

      expect(back.body.metadata.annotations['deployment.kubernetes.io/revision']).toBe('3');
      expect(
        await eventually(
          () => revisions('web'),
          (list) => list.includes('2:0'),
        ),
      ).toEqual(['2:0', '3:2']);
      const sets = await setsOf('web');
      const current = sets.find((set) => set.metadata.annotations['deployment.kubernetes.io/revision'] === '3');
      expect(current?.metadata.annotations['deployment.kubernetes.io/revision-history']).toBe('1');
      expect(current?.metadata.annotations['deployment.kubernetes.io/desired-replicas']).toBe('2');
      const settled = await eventually(
        () => get(path),
        (answer) => conditionOf(answer, 'Progressing')?.reason === 'NewReplicaSetAvailable',
      );
      expect(conditionOf(settled, 'Progressing').message).toContain('has successfully progressed.');
      expect(conditionOf(settled, 'Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' });
    }, 30_000);

    test('the scale subresource changes the number of pods and nothing else', async () => {
      const path = `${apps}/deployments/scaled`;
      await create(`${apps}/deployments`, deploymentOf('scaled', 1, { node: home.node }));
      await eventually(() => get(path), complete);
      const before = (await get(`${path}/scale`)).body;

      const scaled = await patch(`${path}/scale`, {
        metadata: { resourceVersion: before.metadata.resourceVersion, uid: before.metadata.uid },
        spec: { replicas: 3 },
      });
      // What was read before the first patch is stale now.
      const stale = await patch(`${path}/scale`, {
        metadata: { resourceVersion: before.metadata.resourceVersion },
        spec: { replicas: 4 },
      });

      expect(scaled.status).toBe(200);
      expect(stale.status).toBe(409);
      await eventually(
        () => get(path),
        (answer) => answer.body.status.readyReplicas === 3,
      );
      expect((await setsOf('scaled')).length).toBe(1);
      const zero = await patch(`${path}/scale`, { spec: { replicas: 0 } });
      expect(zero.body.spec.replicas).toBeUndefined();
      await eventually(
        () => get(`${core}/pods?labelSelector=app=scaled`),
        (answer) => answer.body.items.length === 0,
      );
      // The count follows the pods a moment later.
      await eventually(
        () => get(path),
        (answer) => answer.body.status.replicas === undefined,
      );
    }, 30_000);

    test('a rollout that never becomes ready keeps the old pods and runs into its deadline', async () => {
      const path = `${apps}/deployments/stuck`;
      await create(
        `${apps}/deployments`,
        deploymentOf('stuck', 2, { node: home.node, spec: { progressDeadlineSeconds: 2 } }),
      );
      await eventually(() => get(path), complete);

      await patch(path, { spec: { template: { metadata: { annotations: { 'test/never-ready': 'true' } } } } });
      const failed = await eventually(
        () => get(path),
        // On a busy cluster the deadline may come before the new pod.
        (answer) => conditionOf(answer, 'Progressing')?.status === 'False' && answer.body.status.replicas === 3,
        15_000,
      );

      expect(conditionOf(failed, 'Progressing')).toMatchObject({ reason: 'ProgressDeadlineExceeded' });
      expect(conditionOf(failed, 'Available')).toMatchObject({ status: 'True' });
      expect(failed.body.status).toMatchObject({
        readyReplicas: 2,
        replicas: 3,
        updatedReplicas: 1,
        unavailableReplicas: 1,
      });
    }, 30_000);

    test('a paused Deployment scales but does not roll', async () => {
      const path = `${apps}/deployments/paused`;
      await create(`${apps}/deployments`, deploymentOf('paused', 1, { node: home.node }));
      await eventually(() => get(path), complete);

      await patch(path, { spec: { paused: true, replicas: 2, template: { metadata: { annotations: { a: 'b' } } } } });
      const paused = await eventually(
        () => get(path),
        (answer) =>
          answer.body.status.replicas === 2 && conditionOf(answer, 'Progressing')?.reason === 'DeploymentPaused',
      );

      expect(paused.body.status.updatedReplicas).toBeUndefined();
      expect((await setsOf('paused')).length).toBe(1);
      await patch(path, { spec: { paused: null } });
      await eventually(() => get(path), complete);
      expect((await setsOf('paused')).length).toBe(2);
    }, 30_000);

    test('Recreate has no old pod beside a new one', async () => {
      const path = `${apps}/deployments/fresh`;
      const annotations = { 'test/terminate-after': '700ms' };
      await create(
        `${apps}/deployments`,
        deploymentOf('fresh', 2, { node: home.node, annotations, spec: { strategy: { type: 'Recreate' } } }),
      );
      await eventually(() => get(path), complete);

      await patch(path, image('b:2'), STRATEGIC);
      const seen: Set<string>[] = [];
      await eventually(async () => {
        const { items } = (await get(`${core}/pods?labelSelector=app=fresh`)).body;
        seen.push(
          new Set(items.map((pod: { spec: { containers: { image: string }[] } }) => pod.spec.containers[0]?.image)),
        );
        return get(path);
      }, complete);

      expect(seen.filter((images) => images.size > 1)).toEqual([]);
    }, 30_000);

    test('a StatefulSet goes up in order, rolls from the top down to its partition, and keeps its revisions', async () => {
      const path = `${apps}/statefulsets/db`;
      const { spec } = deploymentOf('db', 3, { node: home.node, image: 'db:1' }) as { spec: Record<string, unknown> };
      await create(`${apps}/statefulsets`, {
        metadata: { name: 'db' },
        spec: {
          ...spec,
          serviceName: 'db',
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } },
        },
      });
      const first = await eventually(
        () => get(path),
        (answer) => answer.body.status.readyReplicas === 3,
      );
      const imageOf = async (ordinal: number): Promise<string> =>
        (await get(`${core}/pods/db-${ordinal}`)).body.spec?.containers[0].image;

      await patch(path, image('db:2'), STRATEGIC);
      await eventually(
        () => get(path),
        (answer) => answer.body.status.updatedReplicas === 1 && answer.body.status.readyReplicas === 3,
      );
      const halfway = [await imageOf(0), await imageOf(1), await imageOf(2)];
      await patch(path, { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } });
      const done = await eventually(
        () => get(path),
        ({ body: { status } }) =>
          status.currentRevision === status.updateRevision &&
          status.currentRevision !== first.body.status.currentRevision &&
          status.readyReplicas === 3,
        15_000,
      );

      expect(halfway).toEqual(['db:1', 'db:1', 'db:2']);
      expect(done.body.status).toMatchObject({
        replicas: 3,
        currentReplicas: 3,
        updatedReplicas: 3,
        availableReplicas: 3,
      });
      const { items } = (await get(`${apps}/controllerrevisions?labelSelector=app=db`)).body;
      expect(items.map((item: { revision: number }) => item.revision).sort()).toEqual([1, 2]);
      expect(items[0].data.spec.template.$patch).toBe('replace');
      expect((await get(`${core}/pods/db-1`)).body.metadata.labels).toMatchObject({
        'statefulset.kubernetes.io/pod-name': 'db-1',
        'apps.kubernetes.io/pod-index': '1',
        'controller-revision-hash': done.body.status.updateRevision,
      });
    }, 40_000);

    test('a DaemonSet has one pod on its node and replaces it at an update', async () => {
      const path = `${apps}/daemonsets/agent`;
      const { replicas: _replicas, ...spec } = (
        deploymentOf('agent', 1, { node: home.node }) as { spec: Record<string, unknown> }
      ).spec;
      await create(`${apps}/daemonsets`, { metadata: { name: 'agent' }, spec });
      const first = await eventually(
        () => get(path),
        (answer) => answer.body.status.numberAvailable === 1,
      );

      await patch(path, image('agent:2'), STRATEGIC);
      const done = await eventually(
        () => get(path),
        ({ body: { status } }) =>
          status.observedGeneration === 2 && status.updatedNumberScheduled === 1 && status.numberAvailable === 1,
      );

      expect(first.body.status).toEqual({
        currentNumberScheduled: 1,
        desiredNumberScheduled: 1,
        numberAvailable: 1,
        numberMisscheduled: 0,
        numberReady: 1,
        observedGeneration: 1,
        updatedNumberScheduled: 1,
      });
      expect(done.body.metadata.annotations['deprecated.daemonset.template.generation']).toBe('2');
      const pods = (await get(`${core}/pods?labelSelector=app=agent`)).body.items.filter(
        (pod: { metadata: { deletionTimestamp?: string } }) => !pod.metadata.deletionTimestamp,
      );
      expect(pods.map((pod: { spec: { nodeName: string } }) => pod.spec.nodeName)).toEqual([home.node]);
    }, 30_000);

    test('a pod whose label no longer matches is let go and replaced', async () => {
      await create(`${apps}/deployments`, deploymentOf('owner', 1, { node: home.node }));
      await eventually(() => get(`${apps}/deployments/owner`), complete);
      const [pod] = (await get(`${core}/pods?labelSelector=app=owner`)).body.items;

      await patch(`${core}/pods/${pod.metadata.name}`, { metadata: { labels: { app: 'elsewhere' } } });
      const released = await eventually(
        () => get(`${core}/pods/${pod.metadata.name}`),
        (answer) => answer.body.metadata.ownerReferences === undefined,
      );
      await eventually(
        () => get(`${core}/pods?labelSelector=app=owner`),
        (answer) => answer.body.items.length === 1,
      );

      expect(released.body.metadata.deletionTimestamp).toBeUndefined();
    }, 30_000);

    test('a pod without its labels is out of its Service; with them again it is adopted, and one too many goes', async () => {
      await create(`${core}/services`, {
        metadata: { name: 'front' },
        spec: { selector: { app: 'front' }, ports: [{ port: 80 }] },
      });
      await create(`${apps}/deployments`, deploymentOf('front', 1, { node: home.node }));
      await eventually(() => get(`${apps}/deployments/front`), complete);
      const behind = async (): Promise<string[]> => {
        const slices = `/apis/discovery.k8s.io/v1/namespaces/${home.namespace}/endpointslices`;
        const { items } = (await get(`${slices}?labelSelector=kubernetes.io/service-name=front`)).body;
        return items.flatMap((slice: { endpoints?: { targetRef: { name: string } }[] }) =>
          (slice.endpoints ?? []).map((endpoint) => endpoint.targetRef.name),
        );
      };
      const podsOf = (): Promise<Answer> => get(`${core}/pods?labelSelector=app=front`);
      const [pod] = (await podsOf()).body.items;
      const path = `${core}/pods/${pod.metadata.name}`;
      await eventually(behind, (names) => names.includes(pod.metadata.name));

      await patch(path, { metadata: { labels: { app: null, 'pod-template-hash': null } } });
      const others = await eventually(behind, (names) => names.length === 1 && names[0] !== pod.metadata.name, 15_000);
      const released = await get(path);
      await patch(path, { metadata: { labels: pod.metadata.labels } });
      const adopted = await eventually(
        () => podsOf(),
        ({ body }) =>
          body.items.length === 1 &&
          body.items[0].metadata.ownerReferences?.[0].uid === pod.metadata.ownerReferences[0].uid,
        15_000,
      );

      expect(released.body.metadata.ownerReferences).toBeUndefined();
      expect([pod.metadata.name, ...others]).toContain(adopted.body.items[0].metadata.name);
    }, 40_000);

    test('deleting an owner takes its pods with it, orphaning leaves them', async () => {
      await create(`${apps}/deployments`, deploymentOf('gone', 1, { node: home.node }));
      await create(`${apps}/deployments`, deploymentOf('left', 1, { node: home.node }));
      await eventually(() => get(`${apps}/deployments/gone`), complete);
      await eventually(() => get(`${apps}/deployments/left`), complete);

      await server.call('DELETE', `${apps}/deployments/gone`, { body: { propagationPolicy: 'Foreground' } });
      await server.call('DELETE', `${apps}/deployments/left`, { body: { propagationPolicy: 'Orphan' } });
      await eventually(
        () => get(`${apps}/deployments/gone`),
        (answer) => answer.status === 404,
        15_000,
      );
      await eventually(
        () => get(`${apps}/deployments/left`),
        (answer) => answer.status === 404,
        15_000,
      );

      expect((await get(`${core}/pods?labelSelector=app=gone`)).body.items).toEqual([]);
      const [set] = await setsOf('left');
      expect(set?.metadata).not.toHaveProperty('ownerReferences');
      expect((await get(`${core}/pods?labelSelector=app=left`)).body.items.length).toBe(1);
    }, 40_000);

    test('a budget lets as many go as it can spare', async () => {
      await create(
        `${apps}/deployments`,
        deploymentOf('budget', 3, { node: home.node, annotations: { 'test/ready-after': '1500ms' } }),
      );
      const budgets = `/apis/policy/v1/namespaces/${home.namespace}/poddisruptionbudgets`;
      await create(budgets, {
        metadata: { name: 'budget' },
        spec: { maxUnavailable: '34%', selector: { matchLabels: { app: 'budget' } } },
      });
      await eventually(() => get(`${apps}/deployments/budget`), complete, 15_000);
      const status = await eventually(
        () => get(`${budgets}/budget`),
        (answer) => answer.body.status.currentHealthy === 3,
      );
      expect(status.body.status).toMatchObject({ expectedPods: 3, desiredHealthy: 1, disruptionsAllowed: 2 });
      const { items } = (await get(`${core}/pods?labelSelector=app=budget`)).body;

      const answers = [];
      for (const { metadata } of items)
        answers.push(
          await server.call('POST', `${core}/pods/${metadata.name}/eviction`, {
            body: {
              apiVersion: 'policy/v1',
              kind: 'Eviction',
              metadata: { name: metadata.name },
              deleteOptions: { preconditions: { uid: metadata.uid } },
            },
          }),
        );

      expect(answers.map((answer) => answer.status)).toEqual([201, 201, 429]);
      expect(answers[2]?.body.details.causes[0]).toEqual({
        reason: 'DisruptionBudget',
        message: expect.stringMatching(/^The disruption budget budget needs 1 healthy pods and has [123] currently$/),
      });
      await eventually(
        () => get(`${budgets}/budget`),
        (answer) => answer.body.status.disruptionsAllowed === 2,
        15_000,
      );
    }, 40_000);

    // A real control plane waits for 40 to 60 s.
    test.skipIf(server !== sandbox)(
      'the pods of a node that is gone are deleted, and made anew elsewhere',
      async () => {
        const other = await homeOn(server, 'gone');
        await create(`${apps}/deployments`, deploymentOf('stranded', 1, { node: other.node }));
        await eventually(() => get(`${apps}/deployments/stranded`), complete);
        await server.call('DELETE', `/api/v1/nodes/${other.node}`);
        const { body } = await eventually(
          () => get(`${core}/pods?labelSelector=app=stranded`),
          ({ body: { items } }) => items.length === 1 && items[0].spec.nodeName === undefined,
        );
        expect(body.items[0].status.phase).toBe('Pending');
        await other.clear();
      },
    );
  },
);
