import { describeReference } from '../kubernetes/describe-reference.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import { listAt, textAt } from '../kubernetes/value-at.ts';
import type { ExpectationKind } from './expectation.ts';
import { watchPermissions } from './object-query.ts';

const slices = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' };

/** No Service of its namespace sends anything to the pod: it stands in none of their EndpointSlices. */
export interface OutOfEndpoints {
  kind: 'out_of_endpoints';
  /** With its UID. */
  pod: ObjectReference;
}

export function outOfEndpoints(pod: ObjectReference): OutOfEndpoints {
  return { kind: 'out_of_endpoints', pod };
}

export const outOfEndpointsKind: ExpectationKind<OutOfEndpoints> = {
  describe: ({ pod }) => `${describeReference(pod)} is in no EndpointSlice`,
  permissions: () => watchPermissions(slices),
  query: ({ pod }) => ({ ...slices, ...(pod.namespace ? { namespace: pod.namespace } : {}) }),
  judge({ pod }, objects) {
    const holding = objects.filter((slice) =>
      listAt(slice, ['endpoints']).some((endpoint) => textAt(endpoint, ['targetRef', 'uid']) === pod.uid),
    );
    const [first] = holding;
    if (!first) return { state: 'holds' };
    const service = first.metadata.labels?.['kubernetes.io/service-name'];
    const where = service ? `Service ${service}` : `EndpointSlice ${first.metadata.name}`;
    return { state: 'waiting', detail: `${describeReference(pod)} is still among the endpoints of ${where}` };
  },
};
