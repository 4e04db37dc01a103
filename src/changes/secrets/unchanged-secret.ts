import { describeReference } from '../../kubernetes/describe-reference.ts';
import { KubernetesError } from '../../kubernetes/errors.ts';
import type { KubernetesObject, ObjectReference } from '../../kubernetes/object.ts';
import type { SendContext } from '../change.ts';

/** The Secret as it was planned with; a `conflict` where it has another version since, as the API server would answer. */
export async function unchangedSecret(
  reference: ObjectReference,
  resourceVersion: string | undefined,
  { cluster, signal, timeoutMs }: Omit<SendContext, 'dryRun'>,
): Promise<KubernetesObject> {
  const secret = await cluster.get(reference, { signal, timeoutMs });
  if (resourceVersion === undefined || secret.metadata.resourceVersion === resourceVersion) return secret;
  throw new KubernetesError('conflict', `${describeReference(reference)} was changed since it was read`);
}
