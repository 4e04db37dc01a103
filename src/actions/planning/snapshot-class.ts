import { describeReference } from '../../kubernetes/describe-reference.ts';
import { isKubernetesError } from '../../kubernetes/errors.ts';
import { type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { textAt } from '../../kubernetes/value-at.ts';
import { preconditionFailed, Refusal } from '../refusal.ts';
import { volumeSnapshotClass } from './snapshot-labels.ts';

const isDefault = 'snapshot.storage.kubernetes.io/is-default-class';
/** A cluster has a few, one or two for each driver. */
const mostClasses = 20;

/** The name of the class to take the snapshot by: the one that is wanted, else the driver's only default. */
export async function snapshotClassFor(
  cluster: ClusterReader,
  { driver, wanted, claim }: { driver: string; wanted: string | undefined; claim: KubernetesObject },
): Promise<string> {
  const classes = wanted === undefined ? await allClasses(cluster) : await classNamed(cluster, wanted);
  const named = describeReference(referenceTo(claim));
  if (wanted !== undefined) {
    const [chosen] = classes;
    if (!chosen)
      throw preconditionFailed(
        `There is no VolumeSnapshotClass ${wanted}`,
        'kubectl get volumesnapshotclass shows what there is',
      );
    const its = textAt(chosen, ['driver']) ?? '';
    if (its === driver) return wanted;
    throw preconditionFailed(`VolumeSnapshotClass ${wanted} is for ${its}, but ${named} is a volume of ${driver}`);
  }
  const own = classes.filter((item) => textAt(item, ['driver']) === driver);
  const defaults = own.filter(({ metadata }) => metadata.annotations?.[isDefault] === 'true');
  const [first, ...rest] = defaults;
  if (first && rest.length === 0) return first.metadata.name;
  throw preconditionFailed(
    first
      ? `${driver} has ${defaults.length} default VolumeSnapshotClasses: ${namesOf(defaults)}`
      : `${driver}, the driver of ${named}, has no default VolumeSnapshotClass`,
    own.length > 0
      ? `Give snapshot_class: it has ${namesOf(own)}`
      : 'Create a VolumeSnapshotClass for the driver first',
  );
}

async function allClasses(cluster: ClusterReader): Promise<KubernetesObject[]> {
  const { items, more } = await supported(() => cluster.list(volumeSnapshotClass, { limit: mostClasses }));
  if (!more) return items;
  throw preconditionFailed(`The cluster has more than ${mostClasses} VolumeSnapshotClasses`, 'Give snapshot_class');
}

async function classNamed(cluster: ClusterReader, name: string): Promise<KubernetesObject[]> {
  return await supported(
    async () => (await cluster.list({ ...volumeSnapshotClass, fieldSelector: `metadata.name=${name}` })).items,
  );
}

/** Where the cluster serves no such kind, it takes no snapshots. */
async function supported<T>(list: () => Promise<T>): Promise<T> {
  try {
    return await list();
  } catch (error) {
    if (!isKubernetesError(error, 'notFound')) throw error;
    throw new Refusal('not_supported', `The cluster has no snapshot API (${volumeSnapshotClass.apiVersion})`, {
      hint: "Install the snapshot CRDs, the snapshot controller and the driver's snapshotter (kubernetes-csi/external-snapshotter)",
      cause: error,
    });
  }
}

function namesOf(classes: readonly KubernetesObject[]): string {
  return classes.map(({ metadata }) => metadata.name).join(', ');
}
