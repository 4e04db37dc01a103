import {
  executionAnnotation,
  expiresAnnotation,
  snapshotLabel,
  volumeSnapshot,
} from '../actions/planning/snapshot-labels.ts';
import { databaseTime } from '../database/clock.ts';
import { tellOf } from '../database/executions.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import type { ExecutorContext } from './context.ts';

const mostAtOnce = 20;

/**
 * Deletes VolumeSnapshots that `backup_data` has made and whose time is over, by their annotation as it stands now: that
 * very object in that very state, or nothing. Some at a time; others without the label are never looked at.
 */
export async function deleteExpiredSnapshots(context: ExecutorContext, signal: AbortSignal): Promise<void> {
  const { cluster, database, settings } = context;
  if (settings.actions.dryRun) return;
  const now = await databaseTime(database);
  for (const snapshot of (await ownSnapshots(context, signal)).filter(isExpiredAt(now)).slice(0, mostAtOnce)) {
    const { uid, resourceVersion, annotations = {} } = snapshot.metadata;
    if (!uid || !resourceVersion || signal.aborted) continue;
    try {
      await cluster.delete({ ...referenceTo(snapshot) }, { uid, resourceVersion, signal });
    } catch (error) {
      // Gone, edited meanwhile, or another replica was faster.
      if (isKubernetesError(error, 'notFound', 'conflict')) continue;
      throw error;
    }
    const message = `${describeReference(referenceTo(snapshot))} was deleted: it was kept until ${annotations[expiresAnnotation]}`;
    const actionId = annotations[executionAnnotation];
    context.observer.log('info', message, actionId ? { action_id: actionId } : {});
    if (actionId) await tellOf(database, actionId, { type: 'execution.snapshot_deleted', message });
  }
}

async function ownSnapshots({ cluster }: ExecutorContext, signal: AbortSignal): Promise<KubernetesObject[]> {
  try {
    const query = { ...volumeSnapshot, labelSelector: snapshotLabel };
    const { items } = await cluster.list(query, { metadataOnly: true, signal });
    return items.map((item) => ({ ...item, ...volumeSnapshot }));
  } catch (error) {
    // A cluster without snapshots, or a role without the action that makes them.
    if (isKubernetesError(error, 'notFound', 'forbidden')) return [];
    throw error;
  }
}

function isExpiredAt(now: Date): (snapshot: KubernetesObject) => boolean {
  return ({ metadata }) => {
    const text = metadata.annotations?.[expiresAnnotation];
    const until = text === undefined ? Number.NaN : Date.parse(text);
    return !metadata.deletionTimestamp && until <= now.getTime();
  };
}
