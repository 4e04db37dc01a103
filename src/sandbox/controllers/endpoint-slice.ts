import { services } from '../kinds/service.ts';
import { endpointSlices } from '../kinds/small.ts';
import { storageOf } from '../kinds/kind.ts';
import { type Resource, as, at, records } from '../resource.ts';
import { selects } from '../selectors/label-selector.ts';
import type { Pod } from '../shapes.ts';
import type { Change } from '../store/store.ts';
import { createObject } from '../write/create-object.ts';
import { updateObject } from '../write/update-object.ts';
import { type ControllerFactory, keyOf, splitKey } from './controller.ts';
import { POD_STORAGE, isActive, isReady, ownedBy } from './pods.ts';

const STORAGE = storageOf(services);
const SLICES = storageOf(endpointSlices);

/** Lists the pods behind each Service, in one slice each. */
export const endpointSliceController: ControllerFactory = ({ store }) => {
  return { name: 'endpointslice-controller', keys, reconcile };

  function keys(change: Change): string[] {
    if (change.storage === STORAGE) return [keyOf(change.object)];
    if (change.storage !== POD_STORAGE) return [];
    const behind = (object: Resource | undefined): boolean[] =>
      store.list(STORAGE, change.object.metadata.namespace).map((service) => selectsPod(service, object));
    const [now, before] = [behind(change.object), behind(change.previous)];
    return store
      .list(STORAGE, change.object.metadata.namespace)
      .filter((_, index) => now[index] || before[index])
      .map(keyOf);
  }

  function reconcile(key: string): void {
    const { namespace, name } = splitKey(key);
    const service = store.get(STORAGE, namespace, name);
    if (!service || !at(service, 'spec', 'selector')) return;
    const pods = store
      .list(POD_STORAGE, namespace)
      .map((object) => as<Pod>(object))
      .filter((pod) => selectsPod(service, pod) && pod.status.podIP && isUsable(pod));
    const endpoints = pods.map(endpointOf);
    const ports = records(at(service, 'spec', 'ports')).map((port) => ({
      name: port.name ?? '',
      port: portOf(port, pods),
      protocol: port.protocol,
    }));
    const slice = store.dependentsOf(service.metadata.uid ?? '').find(({ storage }) => storage === SLICES)?.object;
    if (!slice) {
      const labels = {
        'kubernetes.io/service-name': name,
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      };
      createObject(store, endpointSlices, {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: '', generateName: `${name}-`, namespace, labels, ownerReferences: [ownedBy(service)] },
        addressType: 'IPv4',
        endpoints,
        ports,
      });
      return;
    }
    updateObject(
      store,
      { kind: endpointSlices, namespace, name: slice.metadata.name },
      (draft) => void Object.assign(draft, { endpoints, ports }),
    );
  }
};

function selectsPod(service: Resource, pod: Resource | undefined): boolean {
  const selector = as<Record<string, string> | undefined>(at(service, 'spec', 'selector'));
  return pod !== undefined && selector !== undefined && selects({ matchLabels: selector }, pod.metadata.labels);
}

function isUsable(pod: Pod): boolean {
  return pod.status.phase !== 'Succeeded' && pod.status.phase !== 'Failed';
}

function endpointOf(pod: Pod): Record<string, unknown> {
  const ready = isReady(pod) && isActive(pod);
  return {
    addresses: [pod.status.podIP],
    conditions: { ready, serving: isReady(pod), terminating: pod.metadata.deletionTimestamp !== undefined },
    nodeName: pod.spec.nodeName,
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid },
  };
}

/** A target port may be a name that the pods' containers give a number. */
function portOf(port: Record<string, unknown>, pods: Pod[]): unknown {
  if (typeof port.targetPort !== 'string') return port.targetPort ?? port.port;
  const named = pods.flatMap((pod) => pod.spec.containers.flatMap((container) => container.ports ?? []));
  return named.find((entry) => entry.name === port.targetPort)?.containerPort ?? port.port;
}
