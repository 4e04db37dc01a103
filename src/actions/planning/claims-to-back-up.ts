import { describeReference } from '../../kubernetes/describe-reference.ts';
import { isKubernetesError } from '../../kubernetes/errors.ts';
import { type KubernetesObject, type ObjectReference, referenceTo } from '../../kubernetes/object.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { listAt, numberAt, textAt } from '../../kubernetes/value-at.ts';
import { preconditionFailed } from '../refusal.ts';

export interface ClaimToBackUp {
  claim: KubernetesObject;
  /** The CSI driver of its volume, which takes the snapshot. */
  driver: string;
}

/** The claim itself, or those that the StatefulSet's pods have by its templates. Each is bound to a volume of a driver. */
export async function claimsToBackUp(cluster: ClusterReader, object: KubernetesObject): Promise<ClaimToBackUp[]> {
  const claims = object.kind === 'PersistentVolumeClaim' ? [object] : await claimsOf(cluster, object);
  return await Promise.all(claims.map(async (claim) => ({ claim, driver: await driverOf(cluster, claim) })));
}

async function claimsOf(cluster: ClusterReader, statefulSet: KubernetesObject): Promise<KubernetesObject[]> {
  const named = describeReference(referenceTo(statefulSet));
  const { name, namespace } = statefulSet.metadata;
  const templates = listAt(statefulSet, ['spec', 'volumeClaimTemplates']).flatMap(
    (template) => textAt(template, ['metadata', 'name']) ?? [],
  );
  if (templates.length === 0) {
    throw preconditionFailed(`${named} has no volumeClaimTemplates`, 'Name the PersistentVolumeClaim itself');
  }
  const replicas = numberAt(statefulSet, ['spec', 'replicas'], 1);
  const first = numberAt(statefulSet, ['spec', 'ordinals', 'start']);
  const references = templates.flatMap((template) =>
    Array.from({ length: replicas }, (_, index): ObjectReference => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      ...(namespace ? { namespace } : {}),
      name: `${template}-${name}-${first + index}`,
    })),
  );
  if (references.length === 0) {
    throw preconditionFailed(
      `${named} has no replicas, so it is not known which claims are its own`,
      'Name the claims themselves',
    );
  }
  return await Promise.all(references.map((reference) => claimAt(cluster, reference, named)));
}

async function claimAt(cluster: ClusterReader, reference: ObjectReference, of: string): Promise<KubernetesObject> {
  try {
    return await cluster.get(reference);
  } catch (error) {
    if (!isKubernetesError(error, 'notFound')) throw error;
    throw preconditionFailed(
      `${describeReference(reference)} of ${of} does not exist yet`,
      'Wait until its pods have their volumes',
    );
  }
}

async function driverOf(cluster: ClusterReader, claim: KubernetesObject): Promise<string> {
  const named = describeReference(referenceTo(claim));
  const volume = textAt(claim, ['spec', 'volumeName']);
  if (!volume || textAt(claim, ['status', 'phase']) !== 'Bound') {
    throw preconditionFailed(
      `${named} is ${textAt(claim, ['status', 'phase']) ?? 'Pending'}, not Bound: it has nothing to take a snapshot of`,
    );
  }
  const driver = textAt(await cluster.get({ apiVersion: 'v1', kind: 'PersistentVolume', name: volume }), [
    'spec',
    'csi',
    'driver',
  ]);
  if (driver) return driver;
  throw preconditionFailed(
    `PersistentVolume ${volume} of ${named} is of no CSI driver: nothing can take a snapshot of it`,
    'Move the data to a volume of a CSI driver, or back it up with a job of your own',
  );
}
