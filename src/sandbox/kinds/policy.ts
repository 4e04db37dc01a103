import { as, at, isRecord } from '../resource.ts';
import { validateLabelSelector, validateShare } from '../validation/workload.ts';
import { age, field, nameColumn } from './columns.ts';
import type { Kind } from './kind.ts';

export const podDisruptionBudgets: Kind = {
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  namespaced: true,
  shortNames: ['pdb'],
  type: 'io.k8s.api.policy.v1.PodDisruptionBudget',
  requiresVersion: true,
  hasStatus: true,
  hasGeneration: true,
  initialStatus: () => ({ disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }),
  validate(draft, faults) {
    const spec = isRecord(draft.spec) ? draft.spec : {};
    if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined)
      faults.invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set');
    validateShare(spec.minAvailable, 'spec.minAvailable', faults);
    validateShare(spec.maxUnavailable, 'spec.maxUnavailable', faults);
    if (isRecord(spec.selector)) validateLabelSelector(as(spec.selector), 'spec.selector.', faults);
    const policy = spec.unhealthyPodEvictionPolicy;
    if (policy !== undefined && policy !== 'IfHealthyBudget' && policy !== 'AlwaysAllow')
      faults.unsupported('spec.unhealthyPodEvictionPolicy', policy, ['AlwaysAllow', 'IfHealthyBudget']);
  },
  columns: [
    nameColumn,
    { name: 'Min Available', cell: (object) => String(at(object, 'spec', 'minAvailable') ?? 'N/A') },
    { name: 'Max Unavailable', cell: (object) => String(at(object, 'spec', 'maxUnavailable') ?? 'N/A') },
    field('Allowed Disruptions', 'status.disruptionsAllowed', 0, { type: 'integer' }),
    age,
  ],
};
