import { isKubernetesError } from './errors.ts';
import { kindOf } from './kinds.ts';
import { controllerOf, type KubernetesObject, type ObjectReference, type OwnerReference } from './object.ts';
import type { ClusterReader } from './reader.ts';

/** One step up: who manages the object below. `object` is absent where the kind was not to be read, or it is gone. */
export interface Owner {
  reference: ObjectReference;
  object?: KubernetesObject;
}

/** Deeper chains than CronJob, Job, Pod are an operator's, and end with its own kinds. */
const longestChain = 5;

/**
 * The managing owners of an object, the nearest first: of a Pod its ReplicaSet, then its Deployment. Objects of the
 * built-in kinds in `reads` are read, and the chain ends at the first one that is not.
 */
export async function ownerChain(
  cluster: ClusterReader,
  object: KubernetesObject,
  reads: readonly string[],
): Promise<Owner[]> {
  const chain: Owner[] = [];
  for (let below: KubernetesObject | undefined = object; below && chain.length < longestChain;) {
    const owner = controllerOf(below);
    if (!owner) break;
    const reference = referenceOf(owner, below);
    below =
      reads.includes(owner.kind) && kindOf(owner.apiVersion, owner.kind)
        ? await readIfThere(cluster, reference)
        : undefined;
    chain.push({ reference, ...(below ? { object: below } : {}) });
  }
  return chain;
}

/** An owner is in the namespace of what it owns; a mirror pod's is its Node, which is in none. */
function referenceOf({ apiVersion, kind, name, uid }: OwnerReference, below: KubernetesObject): ObjectReference {
  const { namespace } = below.metadata;
  return { apiVersion, kind, ...(namespace && kind !== 'Node' ? { namespace } : {}), name, uid };
}

async function readIfThere(cluster: ClusterReader, reference: ObjectReference): Promise<KubernetesObject | undefined> {
  try {
    const object = await cluster.get(reference);
    return object.metadata.uid === reference.uid ? object : undefined;
  } catch (error) {
    if (isKubernetesError(error, 'notFound')) return undefined;
    throw error;
  }
}
