import type { Store } from '../store/store.ts';
import { evict } from './evict.ts';
import { logs } from './logs.ts';
import { patch } from './patch.ts';
import { readList, readObject } from './read.ts';
import { type ApiRequest, requireVerb } from './request.ts';
import { scale } from './scale.ts';
import { createToken } from './service-account-token.ts';
import { badRequest, methodNotAllowed, noSuchResource } from './status-error.ts';
import { watch } from './watch.ts';
import { create, remove, removeList, replace } from './write.ts';

/** Sends a request for an object, a collection or a subresource to what answers it. */
export function route(store: Store, request: ApiRequest, closing: AbortSignal): Response {
  const { target } = request;
  if (target.kind.computed && (request.method !== 'GET' || isWatch(request))) throw methodNotAllowed();
  if (target.subresource !== undefined) return routeSubresource(store, request);
  return target.name === undefined ? routeCollection(store, request, closing) : routeObject(store, request, closing);
}

function routeCollection(store: Store, request: ApiRequest, closing: AbortSignal): Response {
  switch (request.method) {
    case 'GET':
      return isWatch(request) ? watch(store, request, closing) : readList(store, request);
    case 'POST':
      return create(store, request);
    case 'DELETE':
      requireVerb(request.target, 'deletecollection');
      return removeList(store, request);
    default:
      throw methodNotAllowed();
  }
}

function routeObject(store: Store, request: ApiRequest, closing: AbortSignal): Response {
  switch (request.method) {
    case 'GET':
      return isWatch(request) ? watch(store, request, closing) : readObject(store, request);
    case 'PUT':
      return replace(store, request);
    case 'PATCH':
      return patch(store, request);
    case 'DELETE':
      return remove(store, request);
    default:
      throw methodNotAllowed();
  }
}

function routeSubresource(store: Store, request: ApiRequest): Response {
  const { kind, subresource } = request.target;
  const isPod = kind.kind === 'Pod' && kind.group === '';
  const isPart = kind.parts && Object.hasOwn(kind.parts, subresource ?? '');
  if ((subresource === 'status' && kind.hasStatus) || isPart) return routePart(store, request);
  if (subresource === 'scale' && kind.scale) {
    if (!['GET', 'PUT', 'PATCH'].includes(request.method)) throw methodNotAllowed();
    return scale(store, request);
  }
  if (subresource === 'eviction' && isPod) {
    if (request.method !== 'POST') throw methodNotAllowed();
    return evict(store, request);
  }
  if (subresource === 'log' && isPod) {
    if (request.method !== 'GET') throw methodNotAllowed();
    return logs(store, request);
  }
  if (subresource === 'token' && kind.kind === 'ServiceAccount') {
    if (request.method !== 'POST') throw methodNotAllowed();
    return createToken(store, request);
  }
  // What asks for the upgrade does not come this way.
  if (subresource === 'exec' && isPod) throw badRequest('Upgrade request required');
  throw noSuchResource();
}

function routePart(store: Store, request: ApiRequest): Response {
  if (request.method === 'GET') return readObject(store, request);
  if (request.method === 'PUT') return replace(store, request);
  if (request.method === 'PATCH') return patch(store, request);
  throw methodNotAllowed();
}

function isWatch(request: ApiRequest): boolean {
  return ['true', '1'].includes(request.query.get('watch') ?? '');
}
