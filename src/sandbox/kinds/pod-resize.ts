import { StatusError } from '../api/status-error.ts';
import { type Resource, as, at, copy, isRecord, records, same } from '../resource.ts';
import { quantityNano } from '../schema/quantity.ts';
import type { Node, Pod } from '../shapes.ts';
import type { Store } from '../store/store.ts';
import type { Faults } from '../validation/faults.ts';
import { validatePodSpec } from '../validation/pod-spec.ts';
import type { Part } from './kind.ts';
import { qosClass } from './qos-class.ts';

type Fields = Record<string, unknown>;

/** The `resize` subresource: the cpu and memory of containers that run. Whatever else such a write says is passed over. */
export const podResize: Part = {
  prepare(draft, old) {
    const { uid, resourceVersion } = draft.metadata;
    draft.metadata = {
      ...copy(old.metadata),
      ...(uid ? { uid } : {}),
      ...(resourceVersion ? { resourceVersion } : {}),
    };
    const given = isRecord(draft.spec) ? draft.spec : {};
    const before = isRecord(old.spec) ? old.spec : {};
    draft.spec = {
      ...copy(before),
      containers: resized(given.containers, before.containers),
      ...(before.initContainers ? { initContainers: resized(given.initContainers, before.initContainers) } : {}),
    };
  },
  validate(draft, faults, old) {
    const spec = isRecord(draft.spec) ? draft.spec : {};
    const before = isRecord(old.spec) ? old.spec : {};
    validatePodSpec(spec, 'spec', faults);
    if (qosClass(spec) !== qosClass(before))
      faults.invalid('spec', qosClass(before), 'Pod QOS Class may not change as a result of resizing');
    if (!reportsResources(as<Pod>(old))) faults.forbidden('spec', 'Pod running on node without support for resize');
    if (!sameNames(spec.containers, before.containers)) {
      faults.forbidden('spec.containers', 'containers may not be added or removed on resize');
      return;
    }
    const lists = [spec.containers, before.containers] as const;
    records(lists[0]).forEach((container, index) => {
      for (const name of ['requests', 'limits'])
        checkKept(container, records(lists[1])[index], name, `spec.containers[${index}]`, faults);
    });
    if (!same(withoutComputing(spec), withoutComputing(before)))
      faults.forbidden('spec', 'only cpu and memory resources are mutable');
  },
};

/** Refuses what the pod's node could not hold even if it had nothing else. Throws a 403. */
export function admitResize(draft: Resource, old: Resource, store: Store): void {
  if (same(at(draft, 'spec', 'containers'), at(old, 'spec', 'containers'))) return;
  const node = store.get('/nodes', undefined, as<Pod>(draft).spec.nodeName ?? '');
  for (const name of node ? (['cpu', 'memory'] as const) : []) {
    const unit = name === 'cpu' ? 1_000_000n : 1_000_000_000n;
    const allocatable = as<Node>(node).status.allocatable?.[name];
    const total = as<Pod>(draft).spec.containers.reduce(
      (sum, { resources }) => sum + (quantityNano(resources?.requests?.[name] ?? '0') ?? 0n),
      0n,
    );
    const held = quantityNano(allocatable ?? '');
    if (held === undefined || total <= held) continue;
    throw new StatusError(
      403,
      'Forbidden',
      `pods "${draft.metadata.name}" is forbidden: node didn't have enough allocatable resources: ${name}, requested: ${total / unit}, allocatable: ${held / unit}`,
      { name: draft.metadata.name, kind: 'pods', causes: [{ reason: 'NodeCapacity' }] },
    );
  }
}

/** The old containers with the new resources; where containers came or went the new list, for validation to refuse. */
function resized(given: unknown, before: unknown): unknown {
  if (!sameNames(given, before)) return given;
  return records(before).map((container, index) => {
    const { resources, resizePolicy } = records(given)[index] ?? {};
    return { ...copy(container), resources, ...(resizePolicy ? { resizePolicy } : {}) };
  });
}

function sameNames(given: unknown, before: unknown): boolean {
  const names = (list: unknown): unknown[] => records(list).map((container) => container.name);
  return same(names(given), names(before));
}

function checkKept(container: Fields, old: Fields | undefined, list: string, path: string, faults: Faults): void {
  const now = at(container, 'resources', list);
  const before = at(old, 'resources', list);
  const gone = Object.keys(isRecord(before) ? before : {}).some((name) => !(isRecord(now) && name in now));
  if (gone) faults.forbidden(`${path}.resources.${list}`, `resource ${list} cannot be removed`);
}

/** Whether the kubelet tells what the first running container has: only then does the API server take it for able to resize. */
function reportsResources(pod: Pod): boolean {
  const running = pod.status.containerStatuses?.find((status) => status.state?.running);
  return running === undefined || running.resources !== undefined;
}

function withoutComputing(spec: Fields): Fields {
  const bare = copy(spec);
  for (const container of [...records(bare.containers), ...records(bare.initContainers)]) {
    for (const name of ['requests', 'limits']) {
      const list = at(container, 'resources', name);
      if (!isRecord(list) || !isRecord(container.resources)) continue;
      delete list.cpu;
      delete list.memory;
      if (Object.keys(list).length === 0) delete container.resources[name];
    }
  }
  return bare;
}
