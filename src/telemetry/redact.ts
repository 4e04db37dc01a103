import { redactText } from './redact-text.ts';

const mark = '[redacted]';
const deepest = 64;

/**
 * A copy of the value as JSON would have it, without secrets: what has a secret's name, the data of Secrets, variables of
 * a container that are named like a secret, and what looks like a secret inside texts. Nothing else is changed, and
 * doing it twice changes nothing more. Used for everything that is kept, streamed, logged or traced.
 */
export function redact(value: unknown): unknown {
  return copy(value, { inSecret: false, ancestors: [] });
}

/** Whether what has this name is a secret: `db_password`, `apiKey`, `Authorization`; not `secretName` or `tokenReview`. */
export function isSecretName(name: string): boolean {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const last = words.at(-1) ?? '';
  if (
    /^(passwords?|passwd|passphrase|pwd|secrets?|tokens?|credentials?|cookies?|authorization|apikeys?|privatekey|secretkey)$/.test(
      last,
    )
  )
    return true;
  return /\b(api|access|private|secret|signing|encryption|routing|client) (key|keys|key data)$/.test(words.join(' '));
}

type Place = { inSecret: boolean; ancestors: readonly object[] };

function copy(value: unknown, place: Place): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null)
    return typeof value === 'function' || typeof value === 'symbol' ? undefined : value;
  if (place.ancestors.includes(value)) return '[circular]';
  if (place.ancestors.length >= deepest) return '[too deep]';
  const below = { ...place, ancestors: [...place.ancestors, value] };
  if (Array.isArray(value)) return value.map((item) => copy(item, below));
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if ('toJSON' in value && typeof value.toJSON === 'function') return copy(value.toJSON(), below);
  return copyFields(value, below);
}

function copyFields(object: object, place: Place): Record<string, unknown> {
  const entries = Object.entries(object);
  const here = { ...place, inSecret: place.inSecret || concernsSecret(object) };
  const named = 'name' in object && typeof object.name === 'string' && isSecretName(object.name);
  const patchesData =
    here.inSecret &&
    'path' in object &&
    typeof object.path === 'string' &&
    /^\/(data|stringData)(\/|$)/.test(object.path);
  const copied = entries.map(([key, value]): [string, unknown] => {
    const hidden =
      isSecretName(key) || (key === 'value' && (named || patchesData)) || (here.inSecret && isSecretData(key));
    return [key, hidden ? hide(value) : copy(value, here)];
  });
  // Not by assignment: a key `__proto__` is data too.
  return Object.fromEntries(copied);
}

/** A Secret, a list of them, or something that says it is about one, as a change with its target and its body. */
function concernsSecret(object: object): boolean {
  return Object.entries(object).some(([key, value]) => {
    if (key === 'kind' || key === 'resource')
      return value === 'Secret' || value === 'SecretList' || value === 'secrets';
    return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Secret';
  });
}

function isSecretData(key: string): boolean {
  // The annotation holds the whole object as kubectl applied it.
  return key === 'data' || key === 'stringData' || key === 'kubectl.kubernetes.io/last-applied-configuration';
}

/** The shape stays, so that a reader sees which keys there were; flags and nothing tell no secret. */
function hide(value: unknown): unknown {
  if (typeof value === 'boolean' || value === null || value === undefined) return value;
  if (Array.isArray(value)) return value.map(hide);
  if (typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hide(inner)]));
  return mark;
}
