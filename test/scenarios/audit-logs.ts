import { expect } from 'vitest';
import type { KubernetesObject, ObjectReference } from '../../src/kubernetes/object.ts';
import { onRealCluster } from '../support/cluster.ts';
import type { Ground, WorkloadKind } from './ground.ts';
import type { Effect, Scenarios } from './scenario.ts';

export const scenarios: Scenarios = {
  effects: {
    'the logs of a Deployment': (ground) => audited(ground, 'Deployment'),
    'the logs of a StatefulSet': (ground) => audited(ground, 'StatefulSet'),
    'the logs of a pod that nothing owns': async (ground) => counted(await ground.barePod(), 1),
    'the restarts and warnings of a pod that keeps crashing': async (ground) => {
      const workload = await ground.workload('Deployment', { podAnnotations: { 'test/crash': 'true' }, ready: false });
      await expect.poll(async () => restartsOf(await ground.podsOf(workload)), { timeout: 10_000 }).toBeGreaterThan(0);
      const pod = await ground.podOf(workload);
      await ground.create(warningOn(pod));
      return {
        target: workload,
        parameters: { scope: 'all' },
        see: async ({ result }) => {
          expect(result.restarts).toMatchObject({
            count: expect.any(Number),
            containers: [{ pod: pod.name, container: 'app', last_exit_code: 137, last_reason: 'OOMKilled' }],
          });
          expect(result.restarts.count).toBeGreaterThan(0);
          expect(result.warning_events.access_failures).toBe(1);
          const failed = result.warning_events.reasons.find(({ reason }: { reason: string }) => reason === 'Failed');
          expect(failed).toMatchObject({ count: 3, sample: expect.stringContaining('403 Forbidden') });
          expect(JSON.stringify(result)).not.toContain('hunter2');
        },
      };
    },
    'a namespace, as a page to read': async (ground) => {
      await ground.workload('Deployment');
      return {
        target: { apiVersion: 'v1', kind: 'Namespace', name: ground.namespace },
        parameters: { output_format: 'text', time_range: '2h' },
        see: async ({ result, message }) => {
          expect(result.text.split('\n')[0]).toBe(message);
          expect(result.text).toMatch(/levels: |Since /);
        },
      };
    },
  },
  refusals: {
    'a time beyond a week': async (ground) => ({
      target: await ground.barePod(),
      parameters: { time_range: '8d' },
      code: 'validation_failed',
      detail: /duration from 1s to 7d/,
    }),
    'another format': async (ground) => ({
      target: await ground.barePod(),
      parameters: { output_format: 'pdf' },
      code: 'validation_failed',
      detail: /output_format/,
    }),
  },
};

async function audited(ground: Ground, kind: WorkloadKind): Promise<Effect> {
  return counted(await ground.workload(kind, { replicas: 2 }), 2);
}

/** The logs of a test cluster all say the same: a start, a failed login, an error. */
function counted(target: ObjectReference, pods: number): Effect {
  return {
    target,
    parameters: {},
    see: async ({ result, message }) => {
      expect(result).toMatchObject({ target: { kind: target.kind, name: target.name }, pods, restarts: { count: 0 } });
      expect(result.logs).toMatchObject({ read: pods, not_read: 0, unavailable: [] });
      if (!onRealCluster) return;
      expect(message).toMatch(new RegExp(`^${pods} authentication and 0 authorisation failures, ${pods} errors`));
      expect(result.levels).toMatchObject({ info: pods, warning: pods, error: pods, fatal: 0 });
      expect(result.authentication_failures).toMatchObject({
        count: pods,
        samples: Array(pods).fill({ container: 'app', line: 'WARN authentication failed for user admin' }),
      });
      expect(result.errors).toEqual({ count: pods, samples: [] });
    },
  };
}

function restartsOf(pods: KubernetesObject[]): number {
  const statuses = pods.flatMap(
    ({ status }) => (status as { containerStatuses?: { restartCount: number }[] }).containerStatuses ?? [],
  );
  return statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
}

function warningOn({ namespace = '', name }: ObjectReference) {
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.warning`, namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name },
    type: 'Warning',
    reason: 'Failed',
    message: 'pull from registry.example?password=hunter2 answered 403 Forbidden',
    count: 3,
    firstTimestamp: now,
    lastTimestamp: now,
    source: { component: 'kubelet' },
  };
}
