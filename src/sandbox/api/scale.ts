import { type Kind, storageOf } from '../kinds/kind.ts';
import { type Resource, as, at, child } from '../resource.ts';
import { decode } from '../schema/decode.ts';
import type { Store } from '../store/store.ts';
import { updateObject } from '../write/update-object.ts';
import { json } from './answer.ts';
import { placeInPath } from './decode-body.ts';
import { patchBody, patchTypeOf, patchedValue, unfit } from './patch.ts';
import { type ApiRequest, readBody, writeOptions } from './request.ts';
import { badRequest, conflict, invalid, modified, notFound } from './status-error.ts';

const SCALE = 'io.k8s.api.autoscaling.v1.Scale';

/** The `scale` subresource: GET, PUT and PATCH of the replicas alone. */
export function scale(store: Store, request: ApiRequest): Response {
  const { kind, namespace, name = '' } = request.target;
  const found = store.get(storageOf(kind), namespace, name);
  if (request.method === 'GET') {
    if (!found) throw notFound(kind, name);
    return json(JSON.stringify(scaleOf(kind, found)));
  }
  const patchType = request.method === 'PATCH' ? patchTypeOf(request) : undefined;
  const options = writeOptions(request, patchType ? 'PatchOptions' : 'UpdateOptions');
  const body = patchType ? patchBody(request, patchType) : readBody(request, 'Scale');
  if (!found) throw notFound(kind, name);
  const wanted = decodeScale(
    patchType ? patchedValue(patchType, scaleOf(kind, found), body, SCALE) : as(body),
    patchType !== undefined,
  );
  placeInPath(request.target, wanted);
  checkPreconditions(kind, wanted, found, patchType !== undefined);
  const replicas = Number(at(wanted, 'spec', 'replicas') ?? 0);
  if (replicas < 0) {
    const message = `Invalid value: ${replicas}: must be greater than or equal to 0`;
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, [
      { reason: 'FieldValueInvalid', message, field: 'spec.replicas' },
    ]);
  }
  const key = { name, ...(namespace === undefined ? {} : { namespace }) };
  const stored = updateObject(
    store,
    { kind, ...key },
    (draft) => void (child(draft, 'spec').replicas = replicas),
    options,
  );
  return json(JSON.stringify(scaleOf(kind, stored)));
}

function decodeScale(body: Record<string, unknown>, isPatch: boolean): Resource {
  const { value, fault } = decode(SCALE, body);
  if (fault)
    throw isPatch ? unfit(body, fault) : badRequest(`Scale in version "v1" cannot be handled as a Scale: ${fault}`);
  return as<Resource>({
    ...value,
    metadata: { name: '', ...(typeof value.metadata === 'object' ? value.metadata : {}) },
  });
}

function checkPreconditions(kind: Kind, wanted: Resource, found: Resource, isPatch: boolean): void {
  const { uid, resourceVersion, name } = wanted.metadata;
  if (uid && uid !== found.metadata.uid) {
    const subject: Kind = isPatch ? { ...kind, plural: `${kind.plural}/scale` } : kind;
    throw conflict(
      subject,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${found.metadata.uid}`,
    );
  }
  if (resourceVersion && resourceVersion !== found.metadata.resourceVersion) throw modified(kind, name);
}

function scaleOf(kind: Kind, object: Resource): Record<string, unknown> {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = kind.scale?.selector(object) ?? '';
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    // 0 is left out of the spec, though not of the status.
    spec: { replicas: at(object, 'spec', 'replicas') || undefined },
    status: { replicas: at(object, 'status', 'replicas') ?? 0, selector },
  };
}
