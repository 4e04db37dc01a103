import { as, at, child } from '../resource.ts';
import { selectorText } from '../selectors/label-selector.ts';
import { validateWorkload } from '../validation/workload.ts';
import { age, field, nameColumn, wideSelector, wideTemplate } from './columns.ts';
import type { Kind } from './kind.ts';
import { defaultPodSpec } from './pod-defaults.ts';

export const replicaSets: Kind = {
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  namespaced: true,
  shortNames: ['rs'],
  categories: ['all'],
  type: 'io.k8s.api.apps.v1.ReplicaSet',
  hasStatus: true,
  hasGeneration: true,
  scale: { selector: (object) => selectorText(as(at(object, 'spec', 'selector'))) },
  defaults(draft) {
    const spec = child(draft, 'spec');
    spec.replicas ??= 1;
    if (spec.minReadySeconds === 0) delete spec.minReadySeconds;
    const template = child(spec, 'template');
    child(template, 'metadata');
    defaultPodSpec(child(template, 'spec'));
  },
  initialStatus: () => ({ replicas: 0 }),
  validate: validateWorkload,
  columns: [
    nameColumn,
    field('Desired', 'spec.replicas', 0, { type: 'integer' }),
    field('Current', 'status.replicas', 0, { type: 'integer' }),
    field('Ready', 'status.readyReplicas', 0, { type: 'integer' }),
    age,
    ...wideTemplate,
    wideSelector,
  ],
};
