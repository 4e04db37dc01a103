import * as z from 'zod';
import { noUndo, plan } from '../changes/plan.ts';
import { volumeExpanded } from '../changes/volume-expanded.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import { compareQuantities } from '../kubernetes/quantities.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { textAt, valueAt } from '../kubernetes/value-at.ts';
import { defineAction } from './define.ts';
import { quantity } from './parameters.ts';
import { preconditionFailed } from './refusal.ts';

const field = ['spec', 'resources', 'requests', 'storage'];
const irreversible = "a volume that has grown can't be made smaller";

const parameters = z
  .strictObject({
    size: quantity().optional().describe('The new size, such as 20Gi (required, unless `new_size` is given)'),
    new_size: quantity().optional().describe('Another name for `size`'),
  })
  .check(({ value, issues }) => {
    if ((value.size === undefined) === (value.new_size === undefined)) {
      const message = value.size === undefined ? 'is missing' : 'must be given once: as size or as new_size';
      issues.push({ code: 'custom', message, input: value, path: ['size'] });
    }
  });

export const expandPvc = defineAction<z.output<typeof parameters>>({
  name: 'expand_pvc',
  summary: 'Make the volume of a persistent volume claim larger.',
  targets: ['PersistentVolumeClaim'],
  risk: 'medium',
  again: 'no_op',
  irreversible,
  parameters,
  refuses: [
    'a claim whose StorageClass does not allow expansion, or that has none',
    'a size below what the claim asks for',
    'a claim that is not bound',
  ],
  permissions: [
    { apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: ['list', 'watch', 'patch'] },
    { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: ['get'] },
  ],
  examples: [{ target: 'production/persistentvolumeclaim/data-db-0', parameters: { size: '20Gi' } }],

  async plan({ cluster, target, object, parameters: { size, new_size } }) {
    const wanted = size ?? new_size ?? '';
    const from = textAt(object, field) ?? '0';
    const capacity = textAt(object, ['status', 'capacity', 'storage']) ?? '0';
    refuseUnbound(object);
    const difference = compareQuantities(wanted, from);
    if (difference < 0) {
      throw preconditionFailed(
        `${describeReference(target)} asks for ${from}; ${wanted} would be less, and ${irreversible}`,
        'Give a larger size, or copy the data to a new claim',
      );
    }
    if (difference > 0) await refuseFixedSize(cluster, object);
    const growing = difference === 0 && compareQuantities(capacity, wanted) < 0;
    const { resourceVersion } = object.metadata;
    return plan({
      changes: [
        {
          kind: 'patch',
          target,
          ...(resourceVersion ? { resourceVersion } : {}),
          edits: [{ path: field, from, to: difference === 0 ? from : wanted }],
          summary: `Expand ${describeReference(target)} from ${from} to ${wanted}`,
        },
      ],
      // What nothing is sent for is not waited for either.
      expect: growing ? [] : [volumeExpanded(target, wanted)],
      warnings: growing ? [`${describeReference(target)} asks for ${from} already, and has ${capacity} so far`] : [],
      undo: noUndo(irreversible),
    });
  },
});

function refuseUnbound(claim: KubernetesObject): void {
  const phase = textAt(claim, ['status', 'phase']) ?? 'Pending';
  if (phase === 'Bound') return;
  throw preconditionFailed(
    `${describeReference(referenceTo(claim))} is not bound to a volume (${phase})`,
    'See its events for the reason: kubectl describe pvc',
  );
}

async function refuseFixedSize(cluster: ClusterReader, claim: KubernetesObject): Promise<void> {
  const named = describeReference(referenceTo(claim));
  const name = textAt(claim, ['spec', 'storageClassName']) ?? '';
  if (!name) throw preconditionFailed(`${named} has no StorageClass, and only what a class provides can be expanded`);
  const storageClass = await cluster
    .get({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', name })
    .catch((error: unknown) => {
      if (!isKubernetesError(error, 'notFound')) throw error;
      throw preconditionFailed(`The StorageClass ${name} of ${named} does not exist`);
    });
  if (valueAt(storageClass, ['allowVolumeExpansion']) === true) return;
  throw preconditionFailed(
    `The StorageClass ${name} of ${named} does not allow expansion`,
    'Set allowVolumeExpansion: true on the class, if its driver can do it',
  );
}
