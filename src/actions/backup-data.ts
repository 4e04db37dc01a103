import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { CreateChange } from '../changes/create.ts';
import { plan } from '../changes/plan.ts';
import { snapshotReady } from '../changes/snapshot-ready.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { defineAction } from './define.ts';
import { objectName, wholeNumber } from './parameters.ts';
import { claimsToBackUp } from './planning/claims-to-back-up.ts';
import { snapshotClassFor } from './planning/snapshot-class.ts';
import { executionAnnotation, expiresAnnotation, snapshotLabel, volumeSnapshot } from './planning/snapshot-labels.ts';
import { preconditionFailed } from './refusal.ts';

const parameters = z.strictObject({
  backup_name: objectName
    .refine((name) => name.length <= 200, 'must be at most 200 characters')
    .optional()
    .describe(
      'Name of the VolumeSnapshot; of several, how their names begin (default: the name of the claim and the execution)',
    ),
  retention_days: wholeNumber({ min: 1, max: 365 })
    .prefault(30)
    .describe('Days until the service deletes it; the annotation executor.kubernaut.io/expires may be edited'),
  snapshot_class: objectName.optional().describe("The VolumeSnapshotClass (default: the driver's default class)"),
});
type Parameters = z.output<typeof parameters>;

const dayMs = 24 * 60 * 60 * 1000;

export const backupData = defineAction<Parameters>({
  name: 'backup_data',
  summary: 'Take VolumeSnapshots of a claim, or of all claims of a StatefulSet.',
  targets: ['PersistentVolumeClaim', 'StatefulSet'],
  risk: 'low',
  again: 'acts',
  parameters,
  refuses: [
    'a cluster without the snapshot API (`not_supported`)',
    'a claim that is not bound to a volume of a CSI driver, and a StatefulSet without claims',
    "a `snapshot_class` that does not exist or is another driver's; without one, a driver without just one default class",
    'a `backup_name` that a VolumeSnapshot of the namespace has already',
    'a target that is being deleted',
  ],
  permissions: [
    { apiGroups: [''], resources: ['persistentvolumeclaims', 'persistentvolumes'], verbs: ['get'] },
    { apiGroups: ['snapshot.storage.k8s.io'], resources: ['volumesnapshotclasses'], verbs: ['list'] },
    // Deleted by the undo, and where the service lets go of those that have expired.
    {
      apiGroups: ['snapshot.storage.k8s.io'],
      resources: ['volumesnapshots'],
      verbs: ['get', 'list', 'watch', 'create', 'delete'],
    },
  ],
  examples: [
    { target: 'production/persistentvolumeclaim/data-database-0', parameters: {} },
    { target: 'production/statefulset/database', parameters: { backup_name: 'before-upgrade', retention_days: 7 } },
  ],

  async plan({ cluster, target, object, parameters: given, actionId, now }) {
    if (object.metadata.deletionTimestamp) {
      throw preconditionFailed(
        `${describeReference(target)} is being deleted since ${object.metadata.deletionTimestamp}`,
      );
    }
    const claims = await claimsToBackUp(cluster, object);
    const snapshots = await Promise.all(
      claims.map(async ({ claim, driver }) => {
        const snapshotClass = await snapshotClassFor(cluster, { driver, wanted: given.snapshot_class, claim });
        const name = snapshotName({ claim, actionId, given: given.backup_name, several: claims.length > 1 });
        return snapshotOf(claim, {
          name,
          snapshotClass,
          actionId,
          expires: new Date(now.getTime() + given.retention_days * dayMs),
        });
      }),
    );
    await refuseTaken(cluster, given.backup_name === undefined ? [] : snapshots);
    const changes: CreateChange[] = snapshots.map((snapshot) => ({ kind: 'create', object: snapshot }));
    return plan({
      changes: [changes],
      expect: snapshots.map((snapshot) => snapshotReady(referenceTo(snapshot))),
      holds: [target],
      result: {
        snapshots: snapshots.map(({ metadata }) => metadata.name),
        expires: snapshots[0]?.metadata.annotations?.[expiresAnnotation] ?? null,
      },
    });
  },
});

function snapshotOf(
  claim: KubernetesObject,
  { name, snapshotClass, actionId, expires }: { name: string; snapshotClass: string; actionId: string; expires: Date },
): KubernetesObject {
  const { namespace, name: source } = claim.metadata;
  return {
    ...volumeSnapshot,
    metadata: {
      name,
      ...(namespace ? { namespace } : {}),
      labels: { [snapshotLabel]: 'true' },
      annotations: { [expiresAnnotation]: expires.toISOString(), [executionAnnotation]: actionId },
    },
    spec: { volumeSnapshotClassName: snapshotClass, source: { persistentVolumeClaimName: source } },
  };
}

const longestName = 253;

/** From the execution's id, so that a second sending finds the first; of several claims, each with its own. */
function snapshotName(about: {
  claim: KubernetesObject;
  actionId: string;
  given: string | undefined;
  several: boolean;
}): string {
  const { claim, actionId, given, several } = about;
  if (given !== undefined) return several ? `${given}-${claim.metadata.name}`.slice(0, longestName) : given;
  const own = createHash('sha256').update(actionId).digest('hex').slice(0, 12);
  return `${claim.metadata.name.slice(0, longestName - own.length - 1)}-${own}`;
}

async function refuseTaken(cluster: ClusterReader, snapshots: readonly KubernetesObject[]): Promise<void> {
  for (const snapshot of snapshots) {
    const reference = referenceTo(snapshot);
    const { items } = await cluster.list({
      ...volumeSnapshot,
      ...(reference.namespace ? { namespace: reference.namespace } : {}),
      fieldSelector: `metadata.name=${reference.name}`,
    });
    if (items.length > 0) {
      throw preconditionFailed(`${describeReference(reference)} exists already`, 'Choose another backup_name');
    }
  }
}
