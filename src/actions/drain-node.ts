import * as z from 'zod';
import type { Change, ChangeStep } from '../changes/change.ts';
import { nodeEmptied } from '../changes/node-emptied.ts';
import { type Plan, plan } from '../changes/plan.ts';
import { isReadyToStay } from '../kubernetes/conditions.ts';
import { type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import { defineAction, type PlanContext } from './define.ts';
import { gracePeriodSeconds } from './parameters.ts';
import { setUnschedulable, whetherUnschedulable } from './planning/node-schedulability.ts';
import { podsOfNode, readPodsToDrain, type PodsToDrain } from './planning/pods-to-drain.ts';

const parameters = z.strictObject({
  grace_period_seconds: gracePeriodSeconds,
  ignore_daemonsets: z.boolean().default(true).describe('Leave pods of DaemonSets where they are'),
  delete_local_data: z.boolean().default(false).describe('Evict pods whose emptyDir data is lost with them'),
  force: z.boolean().default(false).describe('Evict pods that no controller makes again'),
});
type Parameters = z.output<typeof parameters>;

export const drainNode = defineAction<Parameters>({
  name: 'drain_node',
  summary: 'Keep new pods off a node and evict those that are there, within their disruption budgets.',
  targets: ['Node'],
  risk: 'high',
  again: 'no_op',
  parameters,
  refuses: [
    'a pod that no controller makes again, unless `force` is true',
    'a pod with data in an emptyDir, unless `delete_local_data` is true',
    'pods of DaemonSets, if `ignore_daemonsets` is false',
    'a pod that several disruption budgets select: the API server evicts no such pod',
    'the last schedulable node',
    'a node of the control plane',
  ],
  permissions: [
    { apiGroups: [''], resources: ['nodes'], verbs: ['list', 'watch', 'patch'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] },
    { apiGroups: ['apps'], resources: ['daemonsets'], verbs: ['get'] },
    { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['list'] },
  ],
  examples: [
    { target: 'node/node-3', parameters: {} },
    { target: 'node/node-3', parameters: { delete_local_data: true, grace_period_seconds: 30 } },
  ],

  takesNodesAway: true,
  readAhead: (cluster, { name }) => [podsOfNode(cluster, name)],

  async plan({ cluster, object: node, parameters }) {
    const pods = await readPodsToDrain(cluster, node.metadata.name, {
      force: parameters.force,
      deleteLocalData: parameters.delete_local_data,
      ignoreDaemonSets: parameters.ignore_daemonsets,
    });
    return drain(node, pods, parameters);
  },
});

/** Nothing is changed before all that a drain would refuse is known: a refused one leaves the node as it was. */
function drain(
  node: KubernetesObject,
  { evicted, leaving, warnings, lost }: PodsToDrain,
  { grace_period_seconds: grace }: Pick<PlanContext<Parameters>['parameters'], 'grace_period_seconds'>,
): Plan {
  const { name } = node.metadata;
  const emptied = nodeEmptied(
    name,
    [...evicted.map(({ pod }) => pod), ...leaving].flatMap(({ metadata }) => metadata.uid ?? []),
  );
  const evictions = evicted.toSorted(unreadyFirst).map(({ pod, budget }): Change => ({
    kind: 'evict',
    target: referenceTo(pod),
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(budget === undefined ? {} : { budget }),
  }));
  const rest: ChangeStep[] = evictions.length > 0 ? [evictions] : [];
  // With nothing left to evict, the drain is not over before the last one is gone.
  const waits: ChangeStep[] =
    evictions.length === 0 && leaving.length > 0 ? [{ kind: 'wait', target: referenceTo(node), until: emptied }] : [];
  const count = evictions.length === 1 ? '1 pod was evicted' : `${evictions.length} pods were evicted`;
  return plan({
    changes: [setUnschedulable(node, true), ...rest, ...waits],
    // A pod may be placed on the node until it is cordoned.
    lookAgainAfter: 1,
    expect: [whetherUnschedulable(node, true), emptied],
    warnings,
    riskReasons: lost,
    summary: `Node ${name} is drained: ${count}`,
  });
}

/** An unready pod may be free to go where its budget spares no ready one, and nobody misses it. */
function unreadyFirst(a: PodsToDrain['evicted'][number], b: PodsToDrain['evicted'][number]): number {
  return Number(isReadyToStay(a.pod)) - Number(isReadyToStay(b.pod));
}
