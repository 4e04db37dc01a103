import { groupOf, kindOf } from './kinds.ts';
import type { ObjectReference } from './object.ts';

/** One rule of a ClusterRole: what a piece of code may ask of the API server. */
export interface Permission {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

/** The permission for those verbs on objects of that kind (or a subresource of it). */
export function permissionFor(
  { apiVersion, kind }: Pick<ObjectReference, 'apiVersion' | 'kind'>,
  verbs: string[],
  subresource?: string,
): Permission {
  // A kind that is not built in is plural by the API conventions: lower case and an s.
  const plural = kindOf(apiVersion, kind)?.plural ?? `${kind.toLowerCase()}s`;
  return { apiGroups: [groupOf(apiVersion)], resources: [subresource ? `${plural}/${subresource}` : plural], verbs };
}
