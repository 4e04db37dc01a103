import { as, at, child, isRecord, records, same } from '../resource.ts';
import { selectorText } from '../selectors/label-selector.ts';
import { notNegative, validateWorkload } from '../validation/workload.ts';
import { age, nameColumn, wideTemplate } from './columns.ts';
import type { Kind } from './kind.ts';
import { defaultClaim } from './persistent-volume-claim.ts';
import { defaultPodSpec } from './pod-defaults.ts';

/** The fields of a StatefulSet's spec that may change after it was created. */
const mutable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

export const statefulSets: Kind = {
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  namespaced: true,
  naming: 'label',
  shortNames: ['sts'],
  categories: ['all'],
  type: 'io.k8s.api.apps.v1.StatefulSet',
  hasStatus: true,
  hasGeneration: true,
  scale: { selector: (object) => selectorText(as(at(object, 'spec', 'selector'))) },
  defaults(draft) {
    const spec = child(draft, 'spec');
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    spec.podManagementPolicy ??= 'OrderedReady';
    spec.serviceName ??= '';
    if (spec.minReadySeconds === 0) delete spec.minReadySeconds;
    const strategy = child(spec, 'updateStrategy');
    strategy.type ??= 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') child(strategy, 'rollingUpdate').partition ??= 0;
    const retention = child(spec, 'persistentVolumeClaimRetentionPolicy');
    retention.whenDeleted ??= 'Retain';
    retention.whenScaled ??= 'Retain';
    const template = child(spec, 'template');
    child(template, 'metadata');
    defaultPodSpec(child(template, 'spec'));
    for (const claim of records(spec.volumeClaimTemplates)) {
      claim.apiVersion = 'v1';
      claim.kind = 'PersistentVolumeClaim';
      defaultClaim(claim);
      claim.status = { phase: 'Pending' };
    }
  },
  initialStatus: () => ({ replicas: 0, availableReplicas: 0 }),
  validate(draft, faults, old) {
    validateWorkload(draft, faults);
    const strategy = at(draft, 'spec', 'updateStrategy', 'type');
    if (strategy !== 'RollingUpdate' && strategy !== 'OnDelete')
      faults.invalid(
        'spec.updateStrategy',
        at(draft, 'spec', 'updateStrategy'),
        "must be 'RollingUpdate' or 'OnDelete'",
      );
    notNegative(
      at(draft, 'spec', 'updateStrategy', 'rollingUpdate', 'partition'),
      'spec.updateStrategy.rollingUpdate.partition',
      faults,
    );
    if (old && !same(fixed(draft.spec), fixed(old.spec))) {
      faults.forbidden(
        'spec',
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      );
    }
  },
  columns: [
    nameColumn,
    {
      name: 'Ready',
      cell: (object) =>
        `${Number(at(object, 'status', 'readyReplicas') ?? 0)}/${Number(at(object, 'spec', 'replicas') ?? 0)}`,
    },
    age,
    ...wideTemplate,
  ],
};

function fixed(spec: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(isRecord(spec) ? spec : {}).filter(([key]) => !mutable.includes(key)));
}
