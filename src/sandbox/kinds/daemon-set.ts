import { type Resource, at, child, same } from '../resource.ts';
import { validateShare, validateWorkload } from '../validation/workload.ts';
import { age, field, nameColumn, wideSelector, wideTemplate } from './columns.ts';
import type { Kind } from './kind.ts';
import { defaultPodSpec } from './pod-defaults.ts';

const GENERATION = 'deprecated.daemonset.template.generation';

export const daemonSets: Kind = {
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  namespaced: true,
  shortNames: ['ds'],
  categories: ['all'],
  type: 'io.k8s.api.apps.v1.DaemonSet',
  hasStatus: true,
  hasGeneration: true,
  defaults(draft) {
    const spec = child(draft, 'spec');
    spec.revisionHistoryLimit ??= 10;
    if (spec.minReadySeconds === 0) delete spec.minReadySeconds;
    const strategy = child(spec, 'updateStrategy');
    strategy.type ??= 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') {
      const rolling = child(strategy, 'rollingUpdate');
      rolling.maxUnavailable ??= 1;
      rolling.maxSurge ??= 0;
    }
    const template = child(spec, 'template');
    child(template, 'metadata');
    defaultPodSpec(child(template, 'spec'));
  },
  admit: (draft) => countTemplates(draft, 1),
  prepareUpdate(draft, old) {
    const before = Number(old.metadata.annotations?.[GENERATION] ?? 1);
    countTemplates(draft, same(at(draft, 'spec', 'template'), at(old, 'spec', 'template')) ? before : before + 1);
  },
  initialStatus: () => ({
    currentNumberScheduled: 0,
    desiredNumberScheduled: 0,
    numberMisscheduled: 0,
    numberReady: 0,
  }),
  validate(draft, faults, old) {
    validateWorkload(draft, faults, old);
    const strategy = at(draft, 'spec', 'updateStrategy', 'type');
    if (strategy !== 'RollingUpdate' && strategy !== 'OnDelete')
      faults.unsupported('spec.updateStrategy.type', strategy, ['OnDelete', 'RollingUpdate']);
    for (const name of ['maxUnavailable', 'maxSurge'])
      validateShare(
        at(draft, 'spec', 'updateStrategy', 'rollingUpdate', name),
        `spec.updateStrategy.rollingUpdate.${name}`,
        faults,
      );
  },
  columns: [
    nameColumn,
    field('Desired', 'status.desiredNumberScheduled', 0, { type: 'integer' }),
    field('Current', 'status.currentNumberScheduled', 0, { type: 'integer' }),
    field('Ready', 'status.numberReady', 0, { type: 'integer' }),
    field('Up-to-date', 'status.updatedNumberScheduled', 0, { type: 'integer' }),
    field('Available', 'status.numberAvailable', 0, { type: 'integer' }),
    { name: 'Node Selector', cell: (object) => pairs(at(object, 'spec', 'template', 'spec', 'nodeSelector')) },
    age,
    ...wideTemplate,
    wideSelector,
  ],
};

function countTemplates(draft: Resource, count: number): void {
  draft.metadata.annotations = { ...draft.metadata.annotations, [GENERATION]: String(count) };
}

function pairs(selector: unknown): string {
  const entries = Object.entries(typeof selector === 'object' && selector !== null ? selector : {});
  return entries.map(([key, value]) => `${key}=${value}`).join(',') || '<none>';
}
