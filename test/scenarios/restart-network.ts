import { expect } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import type { Ground, WorkloadKind, WorkloadShape } from './ground.ts';
import type { Answered, Effect, Refused, Scenarios } from './scenario.ts';

/** Where nothing else may be changed. */
const namespace = 'kube-system';

export const scenarios: Scenarios = {
  effects: {
    'the DNS of the cluster, found by its label': (ground) =>
      restarted(ground, 'coredns', [['Deployment', { namespace, labels: { 'k8s-app': 'kube-dns' } }]]),
    'the proxies of the nodes': (ground) =>
      restarted(ground, 'kube-proxy', [['DaemonSet', { namespace, labels: { 'k8s-app': 'kube-proxy' } }]]),
    'whichever CNI plug-in is installed, in its own namespace too, one after the other': async (ground) => {
      await ground.anotherNamespace('calico-system');
      return await restarted(ground, 'cni', [
        ['DaemonSet', { namespace: 'calico-system', name: 'calico-node' }],
        ['DaemonSet', { namespace, labels: { 'k8s-app': 'aws-node' } }],
      ]);
    },
    'a part by its name': async (ground) => {
      const name = ground.name('node-local-dns');
      return await restarted(ground, name, [['DaemonSet', { namespace, name }]]);
    },
  },
  refusals: {
    'a component that is not there': async () => ({
      parameters: { component: 'not-there' },
      code: 'target_not_found',
      detail: /has no not-there/,
    }),
    'a workload of that name in another namespace': async (ground) => {
      const { name: component } = await ground.workload('Deployment', { ready: false });
      return { parameters: { component }, code: 'target_not_found', detail: /has no deployment-/ };
    },
    'a protected label': (ground) =>
      refused(
        ground,
        'Deployment',
        { labels: { 'executor.kubernaut.io/protected': 'true' } },
        'protected_target',
        /label/,
      ),
    'a paused Deployment': (ground) =>
      refused(ground, 'Deployment', { spec: { paused: true } }, 'precondition_failed', /is paused/),
    'a DaemonSet whose strategy is OnDelete': (ground) =>
      refused(
        ground,
        'DaemonSet',
        { spec: { updateStrategy: { type: 'OnDelete' } } },
        'precondition_failed',
        /updateStrategy OnDelete/,
      ),
  },
};

async function restarted(
  ground: Ground,
  component: string,
  parts: [WorkloadKind, WorkloadShape & { namespace: string }][],
): Promise<Effect> {
  const own: ObjectReference[] = [];
  for (const [kind, shape] of parts) own.push(await ground.workload(kind, shape));
  const before = await uidsOf(ground, own);
  return {
    parameters: { component },
    touches: own,
    // What would be waited for between two restarts.
    ...(component === 'cni' ? { notVerified: true } : {}),
    see: async (answer: Answered) => {
      const after = await uidsOf(ground, own);
      expect(after).toHaveLength(before.length);
      expect(after.filter((uid) => before.includes(uid))).toEqual([]);
      for (const { name } of own) expect(answer.result.restarted.join()).toContain(name);
      const kinds = answer.changes.map(({ kind }: { kind: string }) => kind);
      expect(kinds).toEqual(kinds.map((_: string, index: number) => (index % 2 === 0 ? 'restart' : 'wait')));
    },
  };
}

async function refused(
  ground: Ground,
  kind: WorkloadKind,
  shape: WorkloadShape,
  code: string,
  detail: RegExp,
): Promise<Refused> {
  const { name: component } = await ground.workload(kind, { ...shape, namespace, ready: false });
  return { parameters: { component }, code, detail };
}

async function uidsOf(ground: Ground, workloads: ObjectReference[]): Promise<(string | undefined)[]> {
  const pods = await Promise.all(workloads.map((workload) => ground.podsOf(workload)));
  return pods.flat().map(({ metadata }) => metadata.uid);
}
