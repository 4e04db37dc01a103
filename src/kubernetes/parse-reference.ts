import { findKind, groupOf, kindOf } from './kinds.ts';
import { labelNameFault, nameFault, namespaceFault, pathSegmentFault } from './names.ts';

/** What a text says of an object; what it leaves out is for the caller to complete. */
export type ParsedReference =
  | { ok: true; apiVersion?: string; kind?: string; namespace?: string; name: string }
  | { ok: false; detail: string };

/**
 * Reads an object's name as people write it: `web-server`, `deploy/web-server`, `apps/v1/Deployment/web-server`, and the
 * last two after a namespace (`production/deployment/web-server`). Nothing is guessed: a kind that isn't
 * built in needs its apiVersion. `defaultKind` is the kind of a bare name.
 */
export function parseReference(text: string, { defaultKind }: { defaultKind?: string } = {}): ParsedReference {
  if (text.length > longestText) return refuse(`is too long to name an object: at most ${longestText} characters`);
  const parts = text.trim().split('/');
  const name = parts.pop() ?? '';
  if (parts.length === 0) {
    const kind = defaultKind === undefined ? undefined : (readKind([defaultKind]) ?? { kind: defaultKind });
    return complete(text, { kind, namespace: undefined, name });
  }
  const bare = readKind(parts);
  if (bare) return complete(text, { kind: bare, namespace: undefined, name });

  const [namespace = '', ...rest] = parts;
  const kind = readKind(rest);
  if (kind) return complete(text, { kind, namespace, name });
  return refuse(`${quote(text)} names no object: ${hint(parts)}`);
}

/** Namespace, group and name at their longest, with the rest. */
const longestText = 700;

interface Kind {
  apiVersion?: string;
  kind: string;
  namespaced?: boolean;
}

/** `[deploy]`, `[v1, Pod]` or `[apps, v1, Deployment]`; undefined where the parts are no kind. */
function readKind(parts: string[]): Kind | undefined {
  const word = parts.at(-1) ?? '';
  if (parts.length === 1) return findKind(word);
  if (parts.length > 3) return undefined;

  const version = parts.at(-2) ?? '';
  if (!versionPattern.test(version)) return undefined;
  const apiVersion = parts.slice(0, -1).join('/');
  const builtIn = kindOf(apiVersion, word) ?? kindByWord(apiVersion, word);
  if (builtIn) return builtIn;
  // Groups of custom kinds have a dot, which a namespace can't have: `production/v1/Pod/x` is never taken for a group.
  const group = groupOf(apiVersion);
  return group.includes('.') && nameFault(group) === undefined && kindPattern.test(word)
    ? { apiVersion, kind: word }
    : undefined;
}

const versionPattern = /^v[1-9]\d*((alpha|beta)[1-9]\d*)?$/;
const kindPattern = /^[A-Z][A-Za-z0-9]{0,62}$/;

/** `apps/v1/deployment` and `apps/v1/deploy` leave no doubt either. */
function kindByWord(apiVersion: string, word: string): Kind | undefined {
  const group = groupOf(apiVersion);
  const found = findKind(group === '' ? word : `${word}.${group}`) ?? findKind(word);
  return found?.apiVersion === apiVersion ? found : undefined;
}

function complete(
  text: string,
  { kind, namespace, name }: { kind: Kind | undefined; namespace: string | undefined; name: string },
): ParsedReference {
  if (namespace !== undefined) {
    const fault = namespaceFault(namespace);
    if (fault) return refuse(`${quote(text)}: namespace: ${fault}`);
    if (kind?.namespaced === false) {
      return refuse(`${quote(text)}: a ${kind.kind} is in no namespace; write ${kind.kind.toLowerCase()}/${name}`);
    }
  }
  const fault = nameFaultOf(kind, name);
  if (fault) return refuse(`${quote(text)}: name: ${fault}`);
  return {
    ok: true,
    ...(kind?.apiVersion ? { apiVersion: kind.apiVersion } : {}),
    ...(kind ? { kind: kind.kind } : {}),
    ...(namespace === undefined ? {} : { namespace }),
    name,
  };
}

function nameFaultOf(kind: Kind | undefined, name: string): string | undefined {
  if (kind?.apiVersion?.startsWith('rbac.authorization.k8s.io/')) return pathSegmentFault(name);
  if (kind?.apiVersion === 'v1' && kind.kind === 'Namespace') return labelNameFault(name);
  return nameFault(name);
}

function hint(parts: string[]): string {
  const word = parts.at(-1) ?? '';
  const forms = 'write name, kind/name, namespace/kind/name or apiVersion/Kind/name';
  return word === '' || parts.includes('')
    ? `a part of it is empty; ${forms}`
    : `"${word.slice(0, 60)}" is no kind known here${parts.length > 1 ? ` in "${parts.slice(0, -1).join('/').slice(0, 100)}"` : ''}; ${forms}`;
}

function refuse(detail: string): ParsedReference {
  return { ok: false, detail };
}

function quote(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 117)}...` : text);
}
