import type { Json } from '../../kubernetes/object.ts';
import { listAt, textAt } from '../../kubernetes/value-at.ts';

/**
 * Whether pods of that spec read the Secret: by a variable, by all of them (`envFrom`), or by a volume of whatever kind.
 * What a registry is asked with (`imagePullSecrets`) is read anew with each pull, and needs no restart.
 */
export function readsSecret(podSpec: unknown, secret: string): boolean {
  const containers = ['containers', 'initContainers', 'ephemeralContainers'].flatMap((list) => listAt(podSpec, [list]));
  return (
    containers.some((container) => readsByVariable(container, secret)) ||
    listAt(podSpec, ['volumes']).some((volume) => names(volume, secret))
  );
}

function readsByVariable(container: Json, secret: string): boolean {
  return (
    listAt(container, ['env']).some((entry) => textAt(entry, ['valueFrom', 'secretKeyRef', 'name']) === secret) ||
    listAt(container, ['envFrom']).some((entry) => textAt(entry, ['secretRef', 'name']) === secret)
  );
}

/** `secret.secretName`, `projected.sources[].secret.name`, and the `secretRef.name` by which drivers are given theirs. */
function names(value: Json, secret: string, key = ''): boolean {
  if (typeof value !== 'object' || value === null) return key === 'secretName' && value === secret;
  if (Array.isArray(value)) return value.some((item) => names(item, secret, key));
  if (/secret(ref)?$/i.test(key) && textAt(value, ['name']) === secret) return true;
  return Object.entries(value).some(([name, child]) => names(child, secret, name));
}
