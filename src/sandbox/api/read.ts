import { type Kind, storageOf } from '../kinds/kind.ts';
import { type Resource, isRecord } from '../resource.ts';
import { parseFieldSelector } from '../selectors/field-selector.ts';
import { matchesAll } from '../selectors/label-selector.ts';
import { parseLabelSelector } from '../selectors/parse-label-selector.ts';
import type { Store } from '../store/store.ts';
import { json } from './answer.ts';
import { type ListMetadata, formOf, listText, oneText } from './representation.ts';
import type { ApiRequest } from './request.ts';
import { StatusError, badRequest, notFound } from './status-error.ts';

/** GET of one object. */
export function readObject(store: Store, request: ApiRequest): Response {
  const { kind, namespace, name = '' } = request.target;
  const found = kind.computed
    ? objectsOf(store, kind, namespace).find((object) => object.metadata.name === name)
    : store.get(storageOf(kind), namespace, name);
  if (!found) throw notFound(kind, name);
  return json(
    oneText(formOf(request.accept), kind, found, { now: store.now(), includeObject: includeObjectOf(request) }),
  );
}

/** GET of a collection, by page where a `limit` is given. */
export function readList(store: Store, request: ApiRequest): Response {
  const { kind, namespace } = request.target;
  const filter = filterOf(kind, request.query);
  checkVersion(store, request.query.get('resourceVersion') ?? '');
  const limit = numberOf(request.query, 'limit');
  const after = continueKey(request.query.get('continue') ?? '');
  const all = objectsOf(store, kind, namespace).filter(
    (object) => filter(object) && (after === undefined || keyOf(object) > after),
  );
  const page = limit > 0 ? all.slice(0, limit) : all;
  const metadata: ListMetadata = { resourceVersion: String(store.revision) };
  const last = page.at(-1);
  if (last && page.length < all.length) {
    metadata.continue = Buffer.from(
      JSON.stringify({ v: 'meta.k8s.io/v1', rv: store.revision, start: keyOf(last) }),
    ).toString('base64url');
    // With selectors the API server does not know how many are left.
    if (!request.query.get('labelSelector') && !request.query.get('fieldSelector'))
      metadata.remainingItemCount = all.length - page.length;
  }
  return json(
    listText(formOf(request.accept), kind, page, {
      now: store.now(),
      includeObject: includeObjectOf(request),
      metadata,
    }),
  );
}

function objectsOf(store: Store, kind: Kind, namespace?: string): Resource[] {
  if (!kind.computed) return store.list(storageOf(kind), namespace);
  return kind.computed(store).filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
}

/** What the request's selectors let through. Throws 400 for one that does not parse. */
export function filterOf(kind: Kind, query: URLSearchParams): (object: Resource) => boolean {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(kind, query.get('fieldSelector') ?? '');
  return (object) => matchesAll(labels, object.metadata.labels) && fields(object);
}

export function includeObjectOf(request: ApiRequest): string {
  return request.query.get('includeObject') ?? 'Metadata';
}

export function numberOf(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? '';
  if (text === '') return 0;
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** A list may ask for a version that is not older than the one given; one from the future is never reached. */
function checkVersion(store: Store, version: string): void {
  if (version === '') return;
  if (!/^\d+$/.test(version)) {
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(version)}: strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`,
    );
  }
  if (Number(version) > store.revision) {
    throw new StatusError(
      504,
      'Timeout',
      `Timeout: Too large resource version: ${version}, current: ${store.revision}`,
      {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
      },
    );
  }
}

/** Pages go on from a name rather than from a position, so that none is skipped when objects come and go between them. */
function continueKey(token: string): string | undefined {
  if (token === '') return undefined;
  try {
    const read: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (isRecord(read) && typeof read.start === 'string') return read.start;
  } catch {
    // Not a token of ours: refused below.
  }
  throw badRequest('invalid continue token: continue key is not valid');
}

function keyOf(object: Resource): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}
