import { expect } from 'vitest';
import { eventually } from '../support/cluster.ts';
import type { Ground, WorkloadKind } from './ground.ts';
import type { Effect, Scenarios } from './scenario.ts';

const crashing = /CrashLoopBackOff|OOMKilled/;

export const scenarios: Scenarios = {
  effects: {
    'a report on a Deployment': (ground) => reported(ground, 'Deployment'),
    'a report on a StatefulSet': (ground) => reported(ground, 'StatefulSet'),
    'a report on a DaemonSet': (ground) => reported(ground, 'DaemonSet'),
    'a report on a node': async (ground) => {
      const target = await ground.node();
      return {
        target,
        parameters: {},
        see: async ({ result }) => expect(result).toMatchObject({ target: { kind: 'Node', name: target.name } }),
      };
    },
    'what stands out of a pod that keeps crashing': async (ground) => {
      const target = await ground.workload('Deployment', { podAnnotations: { 'test/crash': 'true' }, ready: false });
      await eventually(async () =>
        expect(JSON.stringify((await ground.podsOf(target)).map(({ status }) => status))).toMatch(crashing),
      );
      return {
        target,
        parameters: {},
        see: async ({ result }) => expect(JSON.stringify(result.findings)).toMatch(crashing),
      };
    },
  },
  refusals: {},
  unusedPermissions: {
    'list jobs.batch': 'reports on CronJobs',
    'get pods.metrics.k8s.io': 'usage, where the cluster has a metrics server',
    'get nodes.metrics.k8s.io': 'likewise',
  },
};

async function reported(ground: Ground, kind: WorkloadKind): Promise<Effect> {
  const target = await ground.workload(kind);
  return {
    target,
    parameters: {},
    see: async ({ result, changed }) => {
      expect(changed).toBe(false);
      expect(result).toMatchObject({ target: { kind, name: target.name }, pod_count: 1 });
      expect(result.pods).toHaveLength(1);
    },
  };
}
