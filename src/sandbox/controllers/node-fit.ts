import { type Requirement, matchesAll, requirementsOf } from '../selectors/label-selector.ts';
import { quantityNano } from '../schema/quantity.ts';
import type { Node, NodeSelectorTerm, Pod, PodSpec, Taint, Toleration } from '../shapes.ts';

/** Why the pod can't be placed on the node, in the scheduler's words; undefined where it can. `placed` are the pods that are there. */
export function misfit(pod: Pod, node: Node, placed: Pod[]): string | undefined {
  if (
    node.spec.unschedulable &&
    !tolerates(pod.spec.tolerations, { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' })
  )
    return 'node(s) were unschedulable';
  const taint = (node.spec.taints ?? []).find(
    (entry) => entry.effect !== 'PreferNoSchedule' && !tolerates(pod.spec.tolerations, entry),
  );
  if (taint) return `node(s) had untolerated taint(s)`;
  if (!selectsNode(pod.spec, node)) return "node(s) didn't match Pod's node affinity/selector";
  return missingRoom(pod, node, placed);
}

export function tolerates(tolerations: Toleration[] | undefined, taint: Taint): boolean {
  return (tolerations ?? []).some(
    ({ key, operator = 'Equal', value = '', effect }) =>
      (!effect || effect === taint.effect) &&
      (!key ? operator === 'Exists' : key === taint.key && (operator === 'Exists' || value === (taint.value ?? ''))),
  );
}

/** Whether nodeSelector and the required node affinity take the node. */
export function selectsNode(spec: PodSpec, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  if (Object.entries(spec.nodeSelector ?? {}).some(([key, value]) => labels[key] !== value)) return false;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || required.nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

function matchesTerm(term: NodeSelectorTerm, node: Node): boolean {
  const expressions: Requirement[] = requirementsOf({ matchExpressions: term.matchExpressions ?? [] });
  const fields = requirementsOf({ matchExpressions: term.matchFields ?? [] });
  if (expressions.length + fields.length === 0) return false;
  return matchesAll(expressions, node.metadata.labels) && matchesAll(fields, { 'metadata.name': node.metadata.name });
}

function missingRoom(pod: Pod, node: Node, placed: Pod[]): string | undefined {
  const allocatable = node.status.allocatable ?? {};
  if (placed.length + 1 > Number(allocatable.pods ?? Infinity)) return 'Too many pods';
  for (const name of ['cpu', 'memory']) {
    const wanted = requested(pod, name);
    if (wanted === 0n || allocatable[name] === undefined) continue;
    const used = placed.reduce((sum, other) => sum + requested(other, name), 0n);
    if (used + wanted > (quantityNano(allocatable[name]) ?? 0n)) return `Insufficient ${name}`;
  }
  return undefined;
}

function requested(pod: Pod, name: string): bigint {
  return pod.spec.containers.reduce(
    (sum, container) => sum + (quantityNano(container.resources?.requests?.[name] ?? '0') ?? 0n),
    0n,
  );
}
