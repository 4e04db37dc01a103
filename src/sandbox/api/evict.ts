import { at, isRecord } from '../resource.ts';
import type { Store } from '../store/store.ts';
import type { DeleteOptions } from '../write/delete-object.ts';
import { evictPod } from '../write/evict-pod.ts';
import { json } from './answer.ts';
import { type ApiRequest, readBody, writeOptions } from './request.ts';
import { badRequest } from './status-error.ts';
import { preconditionsOf } from './write.ts';

/** POST of a pod's `eviction` subresource. */
export function evict(store: Store, request: ApiRequest): Response {
  const { namespace = '', name = '' } = request.target;
  const { dryRun } = writeOptions(request, 'CreateOptions');
  const body = readBody(request, 'Eviction');
  if ((body.kind ?? 'Eviction') !== 'Eviction')
    throw badRequest(`${String(body.kind)} cannot be handled as a Eviction`);
  if (at(body, 'metadata', 'name') !== name) throw badRequest('name in URL does not match name in Eviction object');
  evictPod(store, { namespace, name }, optionsOf(body.deleteOptions, dryRun));
  return json(JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }), 201);
}

function optionsOf(given: unknown, dryRun: boolean): DeleteOptions {
  const options = isRecord(given) ? given : {};
  return {
    dryRun: dryRun || (Array.isArray(options.dryRun) && options.dryRun.includes('All')),
    ...(typeof options.gracePeriodSeconds === 'number' ? { gracePeriodSeconds: options.gracePeriodSeconds } : {}),
    ...(isRecord(options.preconditions) ? { preconditions: preconditionsOf(options.preconditions) } : {}),
  };
}
