import { as, at, child, records } from '../resource.ts';
import { selectorText } from '../selectors/label-selector.ts';
import { validateNetworkPolicy } from '../validation/network-policy.ts';
import { age, nameColumn } from './columns.ts';
import type { Kind } from './kind.ts';

/** Stored and validated; there is no traffic in the sandbox that it could stop. */
export const networkPolicies: Kind = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  namespaced: true,
  shortNames: ['netpol'],
  type: 'io.k8s.api.networking.v1.NetworkPolicy',
  hasGeneration: true,
  defaults(draft) {
    const spec = child(draft, 'spec');
    child(spec, 'podSelector');
    for (const rule of [...records(spec.ingress), ...records(spec.egress)])
      for (const port of records(rule.ports)) port.protocol ??= 'TCP';
    if (!Array.isArray(spec.policyTypes)) spec.policyTypes = spec.egress ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  validate: validateNetworkPolicy,
  columns: [
    nameColumn,
    { name: 'Pod-Selector', cell: (object) => selectorText(as(at(object, 'spec', 'podSelector'))) || '<none>' },
    age,
  ],
};
