import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Home, type Server, eventually, homeOn, realServer, sandboxServer } from './servers.ts';

const sandbox = await sandboxServer();
const real = realServer();

describe.each([real ?? sandbox].map((server): [string, Server] => [server.name, server]))(
  'Jobs on the %s cluster',
  (_name, server) => {
    let home: Home;
    let jobs: string;
    const get = (name: string): Promise<Answer> => server.call('GET', `${jobs}/${name}`);
    const podsOf = (name: string): Promise<Answer> =>
      server.call(
        'GET',
        `/api/v1/namespaces/${home.namespace}/pods?labelSelector=batch.kubernetes.io/job-name=${name}`,
      );
    const start = (name: string, rest: object, annotations: Record<string, string> = {}): Promise<Answer> => {
      const spec = {
        restartPolicy: 'Never',
        nodeName: home.node,
        tolerations: [{ operator: 'Exists' }],
        containers: [{ name: 'c', image: 'i:1' }],
      };
      return server.call('POST', jobs, {
        body: { metadata: { name }, spec: { template: { metadata: { annotations }, spec }, ...rest } },
      });
    };
    const ended = (answer: Answer): boolean =>
      answer.body.status.conditions?.some(({ type }: { type: string }) => type === 'Complete' || type === 'Failed');
    const conditions = (answer: Answer): string[] =>
      answer.body.status.conditions.map(
        ({ type, status, reason }: Record<string, string>) => `${type}=${status} ${reason}`,
      );

    beforeAll(async () => {
      home = await homeOn(server, 'jobs');
      jobs = `/apis/batch/v1/namespaces/${home.namespace}/jobs`;
    }, 30_000);

    afterAll(async () => {
      await home.clear();
      await sandbox.close();
    }, 60_000);

    test('a Job runs as many pods as it asks for, two at a time', async () => {
      await start('three', { completions: 3, parallelism: 2 });
      const running = await eventually(
        () => get('three'),
        ({ body }) => body.status.active === 2,
      );
      const done = await eventually(() => get('three'), ended, 15_000);

      expect(running.body.status.succeeded ?? 0).toBeLessThan(2);
      expect(conditions(done)).toEqual([
        'SuccessCriteriaMet=True CompletionsReached',
        'Complete=True CompletionsReached',
      ]);
      expect(done.body.status).toMatchObject({ succeeded: 3, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
      const phases = (await podsOf('three')).body.items.map((pod: { status: { phase: string } }) => pod.status.phase);
      expect(phases).toEqual(['Succeeded', 'Succeeded', 'Succeeded']);
    }, 30_000);

    test('a Job whose pod fails once too often has failed, and its pod tells the exit code', async () => {
      await start('bad', { backoffLimit: 0 }, { 'test/exit-code': '3' });
      const done = await eventually(() => get('bad'), ended, 15_000);

      expect(conditions(done)).toEqual(['FailureTarget=True BackoffLimitExceeded', 'Failed=True BackoffLimitExceeded']);
      expect(done.body.status).toMatchObject({ failed: 1 });
      const [pod] = (await podsOf('bad')).body.items;
      expect(pod.status.containerStatuses[0].state.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    }, 30_000);

    test('a Job is over after its deadline, and its pods are stopped', async () => {
      await start('late', { activeDeadlineSeconds: 1 }, { 'test/ready-after': '30s' });
      const done = await eventually(() => get('late'), ended, 15_000);

      expect(conditions(done)).toEqual(['FailureTarget=True DeadlineExceeded', 'Failed=True DeadlineExceeded']);
      await eventually(
        () => podsOf('late'),
        ({ body }) => body.items.length === 0,
      );
    }, 30_000);

    test('a finished Job goes away with its pods when its time to live is over', async () => {
      await start('short', { ttlSecondsAfterFinished: 1 });
      await eventually(() => get('short'), ended, 15_000);
      await eventually(
        () => get('short'),
        ({ status }) => status === 404,
        15_000,
      );

      expect((await podsOf('short')).body.items).toEqual([]);
    }, 40_000);
  },
);
