import type { ApiRequest } from './api-request.ts';
import { describeRequest } from './api-request.ts';
import { KubernetesError } from './errors.ts';
import type { KubernetesObject, ObjectReference } from './object.ts';

/** A reference with a UID means that very object: another one under its name is as good as none, so this throws `notFound`. */
export function refuseOtherUid(request: ApiRequest, reference: ObjectReference, object: KubernetesObject): void {
  const uid = object.metadata?.uid;
  if (!reference.uid || !uid || uid === reference.uid) return;
  throw new KubernetesError(
    'notFound',
    `${describeRequest(request)}: the object with UID ${reference.uid} is gone; the one that has its name now is ${uid}`,
  );
}

/** Whose subresource it is that an object of another kind is posted to: a TokenRequest to a ServiceAccount's `token`. */
export function parentOfSubresource(subresource: string | undefined): { apiVersion: string; kind: string } | undefined {
  return subresource === undefined ? undefined : parents[subresource];
}

const parents: Record<string, { apiVersion: string; kind: string }> = {
  binding: { apiVersion: 'v1', kind: 'Pod' },
  eviction: { apiVersion: 'v1', kind: 'Pod' },
  token: { apiVersion: 'v1', kind: 'ServiceAccount' },
};
