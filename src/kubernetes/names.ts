/**
 * What the API server accepts as names, labels and keys. Each check answers with a sentence that says what is wrong
 * and what is allowed, or with undefined when the text is fine; the caller puts the field's name in front.
 */
type Fault = string | undefined;

/** Names of most objects: DNS-1123 subdomain, at most 253 characters. */
export function nameFault(name: string): Fault {
  return (
    lengthFault(name, 253) ??
    (subdomainPattern.test(name)
      ? undefined
      : `${quote(name)} is not a valid name: lower-case letters, digits, "-" and "." are allowed, each part between dots beginning and ending with a letter or digit`)
  );
}

/** Names of namespaces, containers and Services: DNS-1123 label, at most 63 characters. */
export function labelNameFault(name: string): Fault {
  return (
    lengthFault(name, 63) ??
    (labelPattern.test(name)
      ? undefined
      : `${quote(name)} is not valid here: lower-case letters, digits and "-" are allowed, beginning and ending with a letter or digit`)
  );
}

export const namespaceFault = labelNameFault;
export const containerNameFault = labelNameFault;

/** Names of RBAC objects: anything that is one segment of a path (`system:node`). */
export function pathSegmentFault(name: string): Fault {
  if (name === '.' || name === '..') return `${quote(name)} is not a valid name`;
  return (
    lengthFault(name, 253) ??
    (/[/%]|\p{Cc}/u.test(name)
      ? `${quote(name)} is not a valid name: "/", "%" and control characters are not allowed`
      : undefined)
  );
}

/** Keys of labels, annotations and taints: `name` or `prefix/name`. */
export function labelKeyFault(key: string): Fault {
  const slash = key.indexOf('/');
  const prefix = key.slice(0, Math.max(slash, 0));
  const name = key.slice(slash + 1);
  if (name.includes('/')) return `${quote(key)} is not a valid key: at most one "/" is allowed`;
  if (slash >= 0) {
    const fault = nameFault(prefix);
    if (fault) return `the prefix of the key ${quote(key)} must be a DNS name: ${fault}`;
  }
  return (
    lengthFault(name, 63) ??
    (labelValuePattern.test(name)
      ? undefined
      : `${quote(key)} is not a valid key: letters, digits, "-", "_" and "." are allowed, beginning and ending with a letter or digit, with at most one prefix and "/" before it`)
  );
}

/** Values of labels and taints: empty, or at most 63 characters. A ":" is not allowed. */
export function labelValueFault(value: string): Fault {
  if (value === '') return undefined;
  return (
    lengthFault(value, 63) ??
    (labelValuePattern.test(value)
      ? undefined
      : `${quote(value)} is not a valid label value: letters, digits, "-", "_" and "." are allowed, beginning and ending with a letter or digit`)
  );
}

const label = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
const labelPattern = new RegExp(`^${label}$`);
const subdomainPattern = new RegExp(`^${label}(?:\\.${label})*$`);
const labelValuePattern = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

function lengthFault(text: string, longest: number): Fault {
  if (text === '') return 'must not be empty';
  return text.length > longest ? `${quote(text)} is too long: at most ${longest} characters are allowed` : undefined;
}

/** As JSON, so that control characters show, and cut, so that a message stays a message. */
function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}
