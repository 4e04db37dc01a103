import { as, at, child, isRecord } from '../resource.ts';
import { selectorText } from '../selectors/label-selector.ts';
import { validateShare, validateWorkload } from '../validation/workload.ts';
import { age, field, nameColumn, wideSelector, wideTemplate } from './columns.ts';
import type { Kind } from './kind.ts';
import { defaultPodSpec } from './pod-defaults.ts';

export const deployments: Kind = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
  shortNames: ['deploy'],
  categories: ['all'],
  type: 'io.k8s.api.apps.v1.Deployment',
  hasStatus: true,
  hasGeneration: true,
  countsAnnotations: true,
  scale: { selector: (object) => selectorText(as(at(object, 'spec', 'selector'))) },
  defaults(draft) {
    const spec = child(draft, 'spec');
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
    if (spec.minReadySeconds === 0) delete spec.minReadySeconds;
    if (spec.paused === false) delete spec.paused;
    const strategy = child(spec, 'strategy');
    strategy.type ??= 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') {
      const rolling = child(strategy, 'rollingUpdate');
      rolling.maxSurge ??= '25%';
      rolling.maxUnavailable ??= '25%';
    }
    const template = child(spec, 'template');
    child(template, 'metadata');
    defaultPodSpec(child(template, 'spec'));
  },
  initialStatus: () => ({}),
  validate(draft, faults, old) {
    validateWorkload(draft, faults, old);
    const strategy = at(draft, 'spec', 'strategy');
    const type = at(strategy, 'type');
    const rolling = at(strategy, 'rollingUpdate');
    if (type !== 'RollingUpdate' && type !== 'Recreate')
      faults.unsupported('spec.strategy.type', type, ['Recreate', 'RollingUpdate']);
    if (type === 'Recreate' && isRecord(rolling))
      faults.forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'");
    if (type !== 'RollingUpdate') return;
    for (const name of ['maxUnavailable', 'maxSurge'])
      validateShare(at(rolling, name), `spec.strategy.rollingUpdate.${name}`, faults);
    if (isZero(at(rolling, 'maxUnavailable')) && isZero(at(rolling, 'maxSurge'))) {
      faults.invalid(
        'spec.strategy.rollingUpdate.maxUnavailable',
        at(rolling, 'maxUnavailable'),
        'may not be 0 when `maxSurge` is 0',
      );
    }
    const deadline = at(draft, 'spec', 'progressDeadlineSeconds');
    const minimum = at(draft, 'spec', 'minReadySeconds') ?? 0;
    if (typeof deadline === 'number' && typeof minimum === 'number' && deadline <= minimum) {
      faults.invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds');
    }
  },
  columns: [
    nameColumn,
    {
      name: 'Ready',
      cell: (object) =>
        `${Number(at(object, 'status', 'readyReplicas') ?? 0)}/${Number(at(object, 'spec', 'replicas') ?? 0)}`,
    },
    field('Up-to-date', 'status.updatedReplicas', 0),
    field('Available', 'status.availableReplicas', 0),
    age,
    ...wideTemplate,
    wideSelector,
  ],
};

function isZero(value: unknown): boolean {
  return value === 0 || value === '0%';
}
