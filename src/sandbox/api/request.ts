import { parse as parseYaml } from 'yaml';
import { kindAt, kindsOf } from '../kinds/served.ts';
import type { Kind } from '../kinds/kind.ts';
import { isRecord } from '../resource.ts';
import type { Store } from '../store/store.ts';
import { StatusError, badRequest, invalid, methodNotAllowed, noSuchResource } from './status-error.ts';

/** What a request's path names. */
export interface Target {
  kind: Kind;
  namespace?: string;
  name?: string;
  subresource?: string;
}

/** One request, read as far as every handler needs it. */
export interface ApiRequest {
  method: string;
  url: URL;
  query: URLSearchParams;
  accept: string;
  contentType: string;
  userAgent: string;
  body: string;
  signal: AbortSignal;
  target: Target;
}

/** Reads `/api/v1/namespaces/a/pods/b/log` and the like. Undefined for an unknown group, a 404 thrown for an unknown kind in a known one. */
export function parsePath(store: Store, pathname: string): Target | undefined {
  const parts = pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  const [group, version, rest] =
    parts[0] === 'api' ? ['', parts[1], parts.slice(2)] : [parts[1], parts[2], parts.slice(3)];
  if ((parts[0] !== 'api' && parts[0] !== 'apis') || group === undefined || version === undefined || rest.length === 0)
    return undefined;
  const served = kindsOf(store).filter((entry) => entry.group === group && entry.version === version);
  if (served.length === 0) return undefined;
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2 && !['status', 'finalize'].includes(rest[2] ?? '');
  const [plural = '', name, subresource, ...more] = inNamespace ? rest.slice(2) : rest;
  const kind = kindAt(store, group, version, plural);
  // A group of custom kinds alone has no list of resources of its own to say what is missing.
  if (!kind && served.every(({ custom }) => custom)) return undefined;
  if (!kind || more.length > 0 || (inNamespace && !kind.namespaced)) throw noSuchResource();
  if (!inNamespace && kind.namespaced && name !== undefined) throw noSuchResource();
  return {
    kind,
    ...(inNamespace ? { namespace: rest[1] ?? '' } : {}),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest(`the path has a malformed escape in ${JSON.stringify(part)}`);
  }
}

/** The request's body as an object. Throws 415 for a type that is not read, 400 for what does not parse. */
export function readBody(request: Pick<ApiRequest, 'body' | 'contentType'>, kindName: string): Record<string, unknown> {
  const value = readText(request.body, request.contentType, kindName);
  if (!isRecord(value))
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kindName}): couldn't get version/kind; the body is not an object`,
    );
  return value;
}

function readText(body: string, contentType: string, kindName: string): unknown {
  const type = contentType.split(';')[0]?.trim();
  if (type !== 'application/json' && type !== 'application/yaml') {
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
  }
  try {
    return type === 'application/json' ? JSON.parse(body) : parseYaml(body);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kindName}): couldn't get version/kind; json parse error: ${said}`,
    );
  }
}

/** `dryRun`, `fieldValidation` and `fieldManager` of a write, checked as CreateOptions, UpdateOptions or PatchOptions. */
export function writeOptions(
  request: ApiRequest,
  optionsKind: string,
): { dryRun: boolean; strict: boolean; warn: boolean; fieldManager: string } {
  const dryRun = request.query.getAll('dryRun').filter((value) => value !== '');
  const validation = request.query.get('fieldValidation') ?? '';
  const fieldManager = request.query.get('fieldManager') ?? '';
  const causes = [];
  if (dryRun.some((value) => value !== 'All')) {
    causes.push({
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`,
      field: 'dryRun',
    });
  }
  if (!['', 'Ignore', 'Strict', 'Warn'].includes(validation)) {
    causes.push({
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: "${validation}": supported values: "", "Ignore", "Strict", "Warn"`,
      field: 'fieldValidation',
    });
  }
  if (fieldManager.length > 128)
    causes.push({
      reason: 'FieldValueTooLong',
      message: 'Too long: may not be more than 128 bytes',
      field: 'fieldManager',
    });
  // oxlint-disable-next-line no-control-regex -- control characters are what is being looked for
  if (/[\u0000-\u001f\u007f]/.test(fieldManager))
    causes.push({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(fieldManager)}: invalid character`,
      field: 'fieldManager',
    });
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind: optionsKind }, '', causes);
  return {
    dryRun: dryRun.length > 0,
    strict: validation === 'Strict',
    warn: validation === 'Warn' || validation === '',
    fieldManager,
  };
}

/** Refuses a verb that the kind does not have. */
export function requireVerb(target: Target, verb: string): void {
  if (target.kind.verbs && !target.kind.verbs.includes(verb)) throw methodNotAllowed();
}
