import { records } from '../resource.ts';
import { age, field, nameColumn } from './columns.ts';
import type { Kind } from './kind.ts';

/** The kinds that need little more than to be stored. */
export const serviceAccounts: Kind = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
  shortNames: ['sa'],
  type: 'io.k8s.api.core.v1.ServiceAccount',
  returnsDeleted: true,
  columns: [nameColumn, age],
};

export const leases: Kind = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
  type: 'io.k8s.api.coordination.v1.Lease',
  createsOnUpdate: true,
  requiresVersion: true,
  columns: [nameColumn, field('Holder', 'spec.holderIdentity'), age],
};

export const endpointSlices: Kind = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  namespaced: true,
  type: 'io.k8s.api.discovery.v1.EndpointSlice',
  columns: [
    nameColumn,
    field('AddressType', 'addressType'),
    {
      name: 'Ports',
      cell: (object) =>
        records(object.ports)
          .map((port) => String(port.port))
          .join(',') || '<unset>',
    },
    {
      name: 'Endpoints',
      cell: (object) =>
        records(object.endpoints)
          .flatMap((endpoint) => (Array.isArray(endpoint.addresses) ? endpoint.addresses.map(String) : []))
          .join(',') || '<unset>',
    },
    age,
  ],
};
