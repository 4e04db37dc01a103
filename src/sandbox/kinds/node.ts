import { as, at, child, isRecord, records } from '../resource.ts';
import type { Resource } from '../resource.ts';
import type { Node } from '../shapes.ts';
import type { Faults } from '../validation/faults.ts';
import { labelValueFaults, qualifiedNameFaults } from '../validation/names.ts';
import { age, field, nameColumn } from './columns.ts';
import type { Kind } from './kind.ts';

export const nodes: Kind = {
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
  shortNames: ['no'],
  type: 'io.k8s.api.core.v1.Node',
  hasStatus: true,
  fields: { 'spec.unschedulable': (object) => String(at(object, 'spec', 'unschedulable') ?? false) },
  ownFieldRefusal: true,
  defaults(draft) {
    const spec = child(draft, 'spec');
    // False is the same as not said, and not kept.
    if (spec.unschedulable === false) delete spec.unschedulable;
    if (Array.isArray(spec.taints) && spec.taints.length === 0) delete spec.taints;
  },
  // A kubelet says of its node what it is when it registers it.
  initialStatus: (_draft, given) => (isRecord(given) ? given : {}),
  validate(draft, faults) {
    validateTaints(records(at(draft, 'spec', 'taints')), faults);
  },
  columns: [
    nameColumn,
    { name: 'Status', cell: statusText },
    { name: 'Roles', cell: roles },
    age,
    field('Version', 'status.nodeInfo.kubeletVersion'),
    { name: 'Internal-IP', priority: 1, cell: (object) => address(object, 'InternalIP') },
    { name: 'External-IP', priority: 1, cell: (object) => address(object, 'ExternalIP') },
    field('OS-Image', 'status.nodeInfo.osImage', '<unknown>', { priority: 1 }),
    field('Kernel-Version', 'status.nodeInfo.kernelVersion', '<unknown>', { priority: 1 }),
    field('Container-Runtime', 'status.nodeInfo.containerRuntimeVersion', '<unknown>', { priority: 1 }),
  ],
};

function validateTaints(taints: Record<string, unknown>[], faults: Faults): void {
  const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
  const seen = new Set<string>();
  taints.forEach((taint, index) => {
    const path = `metadata.taints[${index}]`;
    for (const fault of qualifiedNameFaults(String(taint.key ?? '')))
      faults.invalid(`${path}.key`, taint.key ?? '', fault);
    for (const fault of labelValueFaults(String(taint.value ?? '')))
      faults.invalid(`${path}.value`, taint.value, fault);
    if (!taint.effect) faults.required(`${path}.effect`);
    else if (!effects.includes(String(taint.effect))) faults.unsupported(`${path}.effect`, taint.effect, effects);
    const identity = `${String(taint.key)} ${String(taint.effect)}`;
    if (seen.has(identity)) faults.duplicate(path, taint);
    seen.add(identity);
  });
}

function statusText(object: Resource): string {
  const node = as<Node>(object);
  const ready = node.status.conditions?.find((condition) => condition.type === 'Ready');
  const words = [!ready ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'];
  if (node.spec.unschedulable) words.push('SchedulingDisabled');
  return words.join(',');
}

function roles(object: Resource): string {
  const prefix = 'node-role.kubernetes.io/';
  const names = Object.keys(object.metadata.labels ?? {})
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
  return names.sort().join(',') || '<none>';
}

function address(object: Resource, type: string): string {
  return as<Node>(object).status.addresses?.find((entry) => entry.type === type)?.address ?? '<none>';
}
