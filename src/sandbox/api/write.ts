import { storageOf } from '../kinds/kind.ts';
import type { Resource } from '../resource.ts';
import { at } from '../resource.ts';
import type { Store } from '../store/store.ts';
import { createObject } from '../write/create-object.ts';
import { type DeleteOptions, deleteObject, validateDeleteOptions } from '../write/delete-object.ts';
import { updateObject } from '../write/update-object.ts';
import { json } from './answer.ts';
import { decodeBody, placeInPath, warningHeader } from './decode-body.ts';
import { filterOf, includeObjectOf, numberOf } from './read.ts';
import { formOf, listText, oneText } from './representation.ts';
import { type ApiRequest, readBody, writeOptions } from './request.ts';
import { invalid, methodNotAllowed } from './status-error.ts';

/** POST to a collection. */
export function create(store: Store, request: ApiRequest): Response {
  const { kind, namespace } = request.target;
  if (kind.namespaced && namespace === undefined) throw methodNotAllowed();
  const options = writeOptions(request, 'CreateOptions');
  const { object, warnings } = decodeBody(kind, readBody(request, kind.kind), options.strict);
  placeInPath(request.target, object);
  const made = createObject(store, kind, object, options);
  return answer(store, request, made, { code: 201, warnings: options.warn ? warnings : [] });
}

/** PUT of an object, or of its status. */
export function replace(store: Store, request: ApiRequest): Response {
  const { kind, subresource } = request.target;
  const options = writeOptions(request, 'UpdateOptions');
  const { object, warnings } = decodeBody(kind, readBody(request, kind.kind), options.strict);
  placeInPath(request.target, object);
  const key = keyOf(object);
  if (kind.createsOnUpdate && !store.get(storageOf(kind), key.namespace, key.name)) {
    return answer(store, request, createObject(store, kind, object, options), {
      code: 201,
      warnings: options.warn ? warnings : [],
    });
  }
  if (kind.requiresVersion && !object.metadata.resourceVersion && store.get(storageOf(kind), key.namespace, key.name)) {
    const causes = [
      {
        reason: 'FieldValueInvalid',
        message: 'Invalid value: 0: must be specified for an update',
        field: 'metadata.resourceVersion',
      },
    ];
    throw invalid({ group: kind.group, kind: kind.plural }, key.name, causes);
  }
  const stored = updateObject(store, { kind, ...key }, () => object, {
    ...options,
    uidIsPrecondition: true,
    ...(subresource ? { subresource } : {}),
  });
  return answer(store, request, stored, { code: 200, warnings: options.warn ? warnings : [] });
}

/** DELETE of an object. Answers with the object where the kind does, or where something still holds it. */
export function remove(store: Store, request: ApiRequest): Response {
  const { kind, namespace, name = '' } = request.target;
  const options = deleteOptions(request);
  const { object, gone } = deleteObject(
    store,
    kind,
    { name, ...(namespace === undefined ? {} : { namespace }) },
    options,
  );
  if (!gone || kind.returnsDeleted) return answer(store, request, object, { code: 200, warnings: [] });
  const details = { name, ...(kind.group ? { group: kind.group } : {}), kind: kind.plural, uid: object.metadata.uid };
  return json(JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }));
}

/** DELETE of a collection: what the selectors take, each as if by itself. */
export function removeList(store: Store, request: ApiRequest): Response {
  const { kind, namespace } = request.target;
  if (kind.namespaced && namespace === undefined) throw methodNotAllowed();
  const options = deleteOptions(request);
  const filter = filterOf(kind, request.query);
  const found = store.list(storageOf(kind), namespace).filter(filter);
  const removed = found.map((object) => deleteObject(store, kind, keyOf(object), options).object);
  const metadata = { resourceVersion: String(store.revision) };
  return json(
    listText(formOf(request.accept), kind, removed, {
      now: store.now(),
      includeObject: includeObjectOf(request),
      metadata,
    }),
  );
}

/** The options from the query and the body; the body's come first. */
function deleteOptions(request: ApiRequest): DeleteOptions {
  const { dryRun } = writeOptions(request, 'DeleteOptions');
  const body = request.body === '' ? {} : readBody(request, 'DeleteOptions');
  const policy = body.propagationPolicy ?? request.query.get('propagationPolicy') ?? undefined;
  const grace =
    body.gracePeriodSeconds ??
    (request.query.has('gracePeriodSeconds') ? numberOf(request.query, 'gracePeriodSeconds') : undefined);
  const bodyDryRun = Array.isArray(body.dryRun) && body.dryRun.includes('All');
  const options: DeleteOptions = {
    dryRun: dryRun || bodyDryRun,
    ...(typeof policy === 'string' ? { propagationPolicy: policy } : {}),
    ...(typeof grace === 'number' ? { gracePeriodSeconds: grace } : {}),
    ...(typeof body.orphanDependents === 'boolean' ? { orphanDependents: body.orphanDependents } : {}),
    ...(body.preconditions ? { preconditions: preconditionsOf(body.preconditions) } : {}),
  };
  validateDeleteOptions(options);
  return options;
}

export function preconditionsOf(value: unknown): { uid?: string; resourceVersion?: string } {
  const uid = at(value, 'uid');
  const resourceVersion = at(value, 'resourceVersion');
  return {
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
  };
}

function keyOf(object: Resource): { namespace?: string; name: string } {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? { name } : { namespace, name };
}

/** The object that a write left, in the form that the caller accepts. */
export function answer(
  store: Store,
  request: ApiRequest,
  object: Resource,
  said: { code: number; warnings: string[] },
): Response {
  const given = { now: store.now(), includeObject: includeObjectOf(request) };
  const text = oneText(formOf(request.accept), request.target.kind, object, given);
  return json(text, said.code, warningHeader(said.warnings));
}
