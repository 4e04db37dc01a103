import { type Resource, as, at, child, records } from '../resource.ts';
import type { Store } from '../store/store.ts';
import { validateLabels } from '../validation/metadata.ts';
import { age, field, nameColumn } from './columns.ts';
import type { Kind } from './kind.ts';

export const services: Kind = {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  namespaced: true,
  naming: 'label',
  shortNames: ['svc'],
  categories: ['all'],
  type: 'io.k8s.api.core.v1.Service',
  hasStatus: true,
  returnsDeleted: true,
  fields: {
    'spec.clusterIP': (object) => String(at(object, 'spec', 'clusterIP') ?? ''),
    'spec.type': (object) => String(at(object, 'spec', 'type') ?? ''),
  },
  ownFieldRefusal: true,
  defaults(draft) {
    const spec = child(draft, 'spec');
    spec.type ??= 'ClusterIP';
    spec.sessionAffinity ??= 'None';
    spec.internalTrafficPolicy ??= 'Cluster';
    for (const port of records(spec.ports)) {
      port.protocol ??= 'TCP';
      port.targetPort ??= port.port;
    }
  },
  admit: allocateAddress,
  initialStatus: () => ({ loadBalancer: {} }),
  prepareUpdate(draft, old) {
    const spec = child(draft, 'spec');
    for (const name of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'])
      spec[name] ??= at(old, 'spec', name);
  },
  validate(draft, faults, old) {
    const headless = at(draft, 'spec', 'clusterIP') === 'None';
    const ports = records(at(draft, 'spec', 'ports'));
    if (ports.length === 0 && !headless && at(draft, 'spec', 'type') !== 'ExternalName') faults.required('spec.ports');
    ports.forEach((port, index) => {
      if (ports.length > 1 && !port.name) faults.required(`spec.ports[${index}].name`);
      const number = Number(port.port ?? 0);
      if (number < 1 || number > 65535)
        faults.invalid(`spec.ports[${index}].port`, number, 'must be between 1 and 65535, inclusive');
    });
    validateLabels(as(at(draft, 'spec', 'selector')), 'spec.selector', faults);
    if (old && at(draft, 'spec', 'clusterIP') !== at(old, 'spec', 'clusterIP')) {
      faults.invalid('spec.clusterIPs[0]', at(draft, 'spec', 'clusterIP'), 'may not change once set');
    }
  },
  columns: [
    nameColumn,
    field('Type', 'spec.type'),
    field('Cluster-IP', 'spec.clusterIP', '<none>'),
    { name: 'External-IP', cell: () => '<none>' },
    {
      name: 'Port(s)',
      cell: (object) =>
        records(at(object, 'spec', 'ports'))
          .map((port) => `${String(port.port)}/${String(port.protocol)}`)
          .join(',') || '<none>',
    },
    age,
    {
      name: 'Selector',
      priority: 1,
      cell: (object) =>
        Object.entries(as<Record<string, string>>(at(object, 'spec', 'selector') ?? {}))
          .map(([key, value]) => `${key}=${value}`)
          .join(',') || '<none>',
    },
  ],
};

function allocateAddress(draft: Resource, store: Store): void {
  const spec = child(draft, 'spec');
  if (spec.type === 'ExternalName') return;
  spec.clusterIP ??= freeAddress(store);
  spec.clusterIPs ??= [spec.clusterIP];
  spec.ipFamilies ??= ['IPv4'];
  spec.ipFamilyPolicy ??= 'SingleStack';
}

/** The lowest address of 10.0.0.0/16 that no Service has. */
function freeAddress(store: Store): string {
  const taken = new Set(store.list('/services').map((service) => at(service, 'spec', 'clusterIP')));
  for (let number = 1; number < 65_536; number += 1) {
    const address = `10.0.${number >> 8}.${number & 255}`;
    if (!taken.has(address)) return address;
  }
  throw new Error('every cluster address is taken; delete a Service first');
}
