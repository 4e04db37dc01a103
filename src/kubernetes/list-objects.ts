import type { ApiRequest } from './api-request.ts';
import type { ListOptions, ObjectList, ObjectQuery } from './cluster.ts';
import type { Deadline } from './deadline.ts';
import { isKubernetesError, KubernetesError } from './errors.ts';
import type { ResourceKind } from './kinds.ts';
import type { KubernetesObject } from './object.ts';
import { readList } from './read-answer.ts';
import type { RawList } from './read-answer.ts';
import { queryString, resourcePath } from './resource-paths.ts';
import type { Send } from './transport.ts';

interface Listing {
  send: Send;
  resource: ResourceKind;
  query: ObjectQuery;
  options: ListOptions;
  deadline: Deadline;
}

/** Reads page by page to the end or the limit. A snapshot that the server let go of (410) is begun anew, once. */
export async function listObjects(listing: Listing): Promise<ObjectList> {
  try {
    return await readPages(listing);
  } catch (error) {
    if (!isKubernetesError(error, 'expired')) throw error;
    return readPages(listing);
  }
}

/** A page's worth: what kubectl asks for. */
const pageSize = 500;
/** Half a million objects: more than a cluster holds. A server that never stops paging is broken. */
const mostPages = 1_000;

async function readPages({ send, resource, query, options, deadline }: Listing): Promise<ObjectList> {
  const limit = options.limit ?? Infinity;
  const items: KubernetesObject[] = [];
  let next: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const request = pageRequest(resource, query, options, Math.min(pageSize, limit - items.length), next);
    const list = await send(request, deadline, (response) => readList(request, response));
    for (const item of list.items) items.push(withKind(item, query));
    next = list.metadata.continue || undefined;
    if (next === undefined || items.length >= limit) {
      return { items, resourceVersion: list.metadata.resourceVersion ?? '', more: next !== undefined };
    }
  }
  throw new KubernetesError('serverError', `list ${resource.plural}: still not at its end after ${mostPages} pages`);
}

function pageRequest(
  resource: ResourceKind,
  { namespace, labelSelector, fieldSelector }: ObjectQuery,
  { metadataOnly }: ListOptions,
  limit: number,
  next: string | undefined,
): ApiRequest {
  const parameters = queryString({ labelSelector, fieldSelector, limit, continue: next });
  return {
    verb: 'list',
    method: 'GET',
    path: resourcePath(resource, { namespace }) + parameters,
    resource,
    namespace,
    ...(metadataOnly ? { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' } : {}),
  };
}

/** Items of a list come without their kind, or as PartialObjectMetadata; to the reader they are what was asked for. */
function withKind(item: RawList['items'][number], { apiVersion, kind }: ObjectQuery): KubernetesObject {
  return Object.assign(item, { apiVersion, kind });
}
