import { parse as parseYaml } from 'yaml';
import { storageOf } from '../kinds/kind.ts';
import { applyPatch } from '../patch/apply-patch.ts';
import { jsonPatch } from '../patch/json-patch.ts';
import { mergePatch } from '../patch/merge-patch.ts';
import { strategicMergePatch } from '../patch/strategic-merge-patch.ts';
import { type Resource, isRecord } from '../resource.ts';
import { definitionOf } from '../schema/definition.ts';
import type { Store } from '../store/store.ts';
import { createObject } from '../write/create-object.ts';
import { updateObject } from '../write/update-object.ts';
import { asResource, decodeBody, placeInPath, readAs } from './decode-body.ts';
import type { ApiRequest } from './request.ts';
import { writeOptions } from './request.ts';
import { StatusError, badRequest, invalid } from './status-error.ts';
import { answer } from './write.ts';

/** The four ways to write a patch, by content type. */
const types: Record<string, 'json' | 'merge' | 'strategic' | 'apply'> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** What each manager applied the last time, by UID: the sandbox keeps no managedFields. */
const applied = new WeakMap<Store, Map<string, Record<string, unknown>>>();

/** PATCH of an object, or of its status. */
export function patch(store: Store, request: ApiRequest): Response {
  const { kind, subresource } = request.target;
  const type = patchTypeOf(request);
  const options = writeOptions(request, 'PatchOptions');
  const body = patchBody(request, type);
  if (type === 'apply') return apply(store, request, body, options);
  const warnings: string[] = [];
  const change = (current: Resource): Resource => {
    const external = kind.convert ? kind.convert.fromStored(current) : current;
    const patched = patchedValue(type, external, body, kind.type);
    const { value, unknown, fault } = readAs(kind, patched);
    const fields = unknown.map((field) => `unknown field "${field}"`);
    if (fault) throw unfit(patched, fault);
    if (options.strict && fields.length > 0) throw unfit(patched, `strict decoding error: ${fields.join(', ')}`);
    warnings.push(...(options.warn ? fields : []));
    const object = asResource(kind, value);
    placeInPath(request.target, object);
    return object;
  };
  const stored = updateObject(store, { kind, ...pathKey(request) }, change, {
    ...options,
    ...(subresource ? { subresource } : {}),
  });
  return answer(store, request, stored, { code: 200, warnings });
}

/** 415 for any content type but the four. */
export function patchTypeOf(request: ApiRequest): 'json' | 'merge' | 'strategic' | 'apply' {
  const type = types[request.contentType.split(';')[0]?.trim() ?? ''];
  if (!type) throw new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
  if (type === 'strategic' && request.target.kind.custom)
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    );
  return type;
}

/** The patch as JSON. Throws 400 for what does not parse or is no object (no list, for a JSON patch). */
export function patchBody(request: ApiRequest, type: string): unknown {
  let body: unknown;
  try {
    body = type === 'apply' ? parseYaml(request.body) : JSON.parse(request.body);
  } catch (error) {
    throw badRequest(`error decoding patch: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (type !== 'json' && !isRecord(body))
    throw badRequest('error decoding patch: json: cannot unmarshal a value that is not an object');
  return body;
}

/** Carries out the patch; the type's definition tells a strategic one how lists merge. */
export function patchedValue(
  type: string,
  current: Record<string, unknown>,
  body: unknown,
  definition: string,
): Record<string, unknown> {
  const result =
    type === 'json'
      ? jsonPatch(current, body)
      : type === 'merge'
        ? mergePatch(current, body)
        : strategicMergePatch(current, isRecord(body) ? body : {}, definitionOf(definition));
  if (!isRecord(result)) throw unfit(result, 'the patched object is not an object');
  return result;
}

function apply(
  store: Store,
  request: ApiRequest,
  body: unknown,
  options: { dryRun: boolean; strict: boolean; warn: boolean; fieldManager: string },
): Response {
  const { kind, subresource } = request.target;
  const key = pathKey(request);
  requireManager(options.fieldManager);
  const { object: wanted, warnings } = decodeBody(kind, isRecord(body) ? body : {}, options.strict);
  placeInPath(request.target, wanted);
  const memory = applied.get(store) ?? new Map<string, Record<string, unknown>>();
  applied.set(store, memory);
  const current = store.get(storageOf(kind), key.namespace, key.name);
  const identity = `${current?.metadata.uid ?? ''} ${options.fieldManager} ${subresource ?? ''}`;
  const change = (draft: Resource): Resource => {
    const type = kind.custom ? {} : definitionOf(kind.type);
    const merged = readAs(kind, applyPatch(draft, wanted, memory.get(identity), type));
    return asResource(kind, merged.value);
  };
  const stored = current
    ? updateObject(store, { kind, ...key }, change, { ...options, ...(subresource ? { subresource } : {}) })
    : createObject(store, kind, { ...wanted }, options);
  if (!options.dryRun) remember(memory, `${stored.metadata.uid} ${options.fieldManager} ${subresource ?? ''}`, wanted);
  return answer(store, request, stored, { code: current ? 200 : 201, warnings: options.warn ? warnings : [] });
}

const MEMORY_LIMIT = 5_000;

function remember(
  memory: Map<string, Record<string, unknown>>,
  identity: string,
  wanted: Record<string, unknown>,
): void {
  memory.delete(identity);
  memory.set(identity, wanted);
  const [oldest] = memory.keys();
  if (memory.size > MEMORY_LIMIT && oldest !== undefined) memory.delete(oldest);
}

function requireManager(fieldManager: string): void {
  if (fieldManager) return;
  throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
    { reason: 'FieldValueRequired', message: 'Required value: is required for apply patch', field: 'fieldManager' },
  ]);
}

function pathKey(request: ApiRequest): { namespace?: string; name: string } {
  const { namespace, name = '' } = request.target;
  return namespace === undefined ? { name } : { namespace, name };
}

/** A patch whose result does not fit the kind. */
export function unfit(patched: unknown, fault: string): StatusError {
  const message = `Invalid value: ${JSON.stringify(JSON.stringify(patched))}: ${fault}`;
  return invalid({ group: '', kind: '' }, '', [{ reason: 'FieldValueInvalid', message, field: 'patch' }]);
}
