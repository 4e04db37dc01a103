import type { RestartChange } from '../../changes/restart.ts';
import { describeReference } from '../../kubernetes/describe-reference.ts';
import { controllerOf, type KubernetesObject, type ObjectReference, referenceTo } from '../../kubernetes/object.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { preconditionFailed, Refusal } from '../refusal.ts';
import { readersOfSecret } from './readers-of-secret.ts';
import { restartAmongOthers } from './restart-workload.ts';

export interface RestartsOfReaders {
  changes: RestartChange[];
  targets: ObjectReference[];
  warnings: string[];
}

/**
 * A rolling restart of every workload that reads the Secret. One that can't be restarted is refused before anything is
 * changed: it would go on with the old values. Whoever else reads it is named in a warning.
 */
export async function restartsOfReaders(
  cluster: ClusterReader,
  secret: ObjectReference,
  { restart, now }: { restart: boolean; now: Date },
): Promise<RestartsOfReaders> {
  const { workloads, others } = await readersOfSecret(cluster, secret);
  const named = describeReference(secret);
  if (!restart) {
    const left = [...workloads.map(referenceTo), ...others].map(describeReference);
    const warning = `Nothing is restarted: ${left.join(', ')} keep what they have read of ${named} until they are`;
    return { changes: [], targets: [], warnings: left.length > 0 ? [warning] : [] };
  }
  const restarts = workloads.map((workload) => restartOf(workload, named, now));
  const kept = `${others.map(describeReference).join(', ')} read ${named} as well, and can't be restarted like a workload: they keep the old values until they end or are made anew`;
  return {
    changes: restarts.map(({ change }) => change),
    targets: restarts.map(({ target }) => target),
    warnings: [...restarts.flatMap(({ warnings }) => warnings), ...(others.length > 0 ? [kept] : [])],
  };
}

const wayOut = 'or pass restart_pods: false and restart what reads the Secret yourself';

function restartOf(workload: KubernetesObject, secret: string, now: Date): ReturnType<typeof restartAmongOthers> {
  const owner = controllerOf(workload);
  if (owner) {
    throw preconditionFailed(
      `${describeReference(referenceTo(workload))} reads ${secret} and is controlled by ${owner.kind} ${owner.name}, which would take a restart back`,
      `Restart it by its ${owner.kind}, ${wayOut}`,
    );
  }
  try {
    return restartAmongOthers(workload, now);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { hint } = error.details;
    throw preconditionFailed(`${error.message} (it reads ${secret})`, hint ? `${hint}; ${wayOut}` : wayOut);
  }
}
