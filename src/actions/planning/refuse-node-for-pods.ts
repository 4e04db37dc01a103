import { describeReference } from '../../kubernetes/describe-reference.ts';
import { mayMatch } from '../../kubernetes/node-affinity.ts';
import { type Json, type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import { allocatableOf, requestsOfPod, type ResourceAmounts, sum } from '../../kubernetes/pod-requests.ts';
import { finishedPhase } from '../../kubernetes/pod-state.ts';
import { formatQuantity } from '../../kubernetes/quantities.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { selectorOf } from '../../kubernetes/selector-of.ts';
import { matchesSelector } from '../../kubernetes/selectors.ts';
import { describeTaint, keepsPodsOff, taintsOf, tolerates } from '../../kubernetes/taints.ts';
import { numberAt, valueAt } from '../../kubernetes/value-at.ts';
import { preconditionFailed } from '../refusal.ts';
import { refuseUnreadyNode } from './refuse-unready-node.ts';

/** Refuses a node that could not take all pods of a workload, as the scheduler would: with what stands in the way. */
export async function refuseNodeForPods(
  cluster: ClusterReader,
  node: KubernetesObject,
  workload: KubernetesObject,
  terms: readonly Json[],
): Promise<void> {
  const { name, labels = {} } = node.metadata;
  const podSpec = valueAt(workload, ['spec', 'template', 'spec']);
  refuseUnreadyNode(node, 'Choose another node, or bring this one back first');
  if (valueAt(node, ['spec', 'unschedulable']) === true) {
    throw preconditionFailed(`Node ${name} is cordoned`, 'Choose another node, or uncordon_node first');
  }
  const taint = taintsOf(node).find((one) => keepsPodsOff(one) && !tolerates(podSpec, one));
  if (taint) {
    throw preconditionFailed(
      `Node ${name} has the taint ${describeTaint(taint)}, which the pods do not tolerate`,
      'Choose another node, or untaint_node first',
    );
  }
  const wanted = Object.entries(asLabels(valueAt(podSpec, ['nodeSelector'])));
  const missing = wanted.find(([key, value]) => labels[key] !== value);
  if (missing || !mayMatch(terms, labels)) {
    const what = missing ? `nodeSelector ${missing.join('=')}` : 'node affinity';
    throw preconditionFailed(`Node ${name} is none that the pods may run on: their ${what} does not match it`);
  }
  await refuseWithoutRoom(cluster, node, workload);
}

/** The workload's own pods on the node make room for those that take their place. */
async function refuseWithoutRoom(
  cluster: ClusterReader,
  node: KubernetesObject,
  workload: KubernetesObject,
): Promise<void> {
  const { name } = node.metadata;
  const selector = selectorOf(workload);
  const { items } = await cluster.list({ apiVersion: 'v1', kind: 'Pod', fieldSelector: `spec.nodeName=${name}` });
  const others = items.filter((pod) => {
    const own = pod.metadata.namespace === workload.metadata.namespace && selector;
    return !finishedPhase(pod) && !(own && matchesSelector(own, pod.metadata.labels));
  });
  const replicas = numberAt(workload, ['spec', 'replicas'], 1);
  const each = requestsOfPod(valueAt(workload, ['spec', 'template', 'spec']));
  const needed = sum(Array.from({ length: replicas }, () => each));
  const taken = sum(others.map((pod) => requestsOfPod(pod['spec'])));
  const short = shortage({ needed, taken, allocatable: allocatableOf(node) });
  if (!short) return;
  throw preconditionFailed(
    `Node ${name} has no room for ${replicas} pods of ${describeReference(referenceTo(workload))}: ${short}`,
    'Choose a larger node, or move something else away from it first',
  );
}

function shortage({
  needed,
  taken,
  allocatable,
}: Record<'needed' | 'taken' | 'allocatable', ResourceAmounts>): string | undefined {
  for (const [resource, need] of needed) {
    if (need.nano === 0n) continue;
    const has = allocatable.get(resource) ?? { ...need, nano: 0n };
    const free = has.nano - (taken.get(resource)?.nano ?? 0n);
    if (need.nano <= free) continue;
    const left = formatQuantity({ ...has, nano: free > 0n ? free : 0n });
    return `they request ${formatQuantity(need)} of ${resource}, and ${left} of its ${formatQuantity(has)} are left`;
  }
  return undefined;
}

function asLabels(value: Json | undefined): Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}
