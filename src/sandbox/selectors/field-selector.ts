import { badRequest } from '../api/status-error.ts';
import type { Kind } from '../kinds/kind.ts';
import type { Resource } from '../resource.ts';

/** Reads a `fieldSelector` parameter (`status.phase=Running,spec.nodeName!=a`) into a test. Throws 400 for a field that the kind does not offer. */
export function parseFieldSelector(kind: Kind, text: string): (object: Resource) => boolean {
  const terms = text
    .split(/(?<!\\),/)
    .filter((term) => term !== '')
    .map((term) => readTerm(kind, term));
  return (object) => terms.every((term) => (term.read(object) === term.value) === term.equal);
}

function readTerm(kind: Kind, term: string): { read: (object: Resource) => string; value: string; equal: boolean } {
  const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
  if (!match) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
  const [, field = '', operator, value = ''] = match;
  return { read: reader(kind, field), value: value.replaceAll(/\\([\\,=])/g, '$1'), equal: operator !== '!=' };
}

function reader(kind: Kind, field: string): (object: Resource) => string {
  if (field === 'metadata.name') return (object) => object.metadata.name;
  if (field === 'metadata.namespace' && kind.namespaced) return (object) => object.metadata.namespace ?? '';
  const read = kind.fields?.[field];
  if (read) return read;
  if (kind.ownFieldRefusal) throw badRequest(`field label not supported: ${field}`);
  const known = ['metadata.name', 'metadata.namespace'].map((name) => `"${name}"`).join(', ');
  throw badRequest(`"${field}" is not a known field selector: only ${known}`);
}
