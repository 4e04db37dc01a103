import { unreadableAnswerError } from './answer-error.ts';
import type { ApiRequest } from './api-request.ts';
import type { KubernetesObject, ObjectMetadata } from './object.ts';
import { isAboutSecrets } from './quoted-secret.ts';
import { readBody } from './response-body.ts';
import type { FetchResponse } from './response-body.ts';

/** A page of a list, as the server sends it: its items lack `apiVersion` and `kind`. */
export interface RawList {
  metadata: { resourceVersion?: string; continue?: string };
  items: { metadata: ObjectMetadata; [field: string]: unknown }[];
}

/** The body as one object. */
export async function readObject(request: ApiRequest, response: FetchResponse): Promise<KubernetesObject> {
  const object = asObject(await readJson(request, response));
  return request.subresource === 'scale' ? withReplicas(object) : object;
}

/** A Scale leaves its number of replicas out when it is 0. */
function withReplicas(scale: KubernetesObject): KubernetesObject {
  if (scale.kind !== 'Scale') return scale;
  return { ...scale, spec: { replicas: 0, ...(typeof scale['spec'] === 'object' ? scale['spec'] : {}) } };
}

/** The body as one page of a list. */
export async function readList(request: ApiRequest, response: FetchResponse): Promise<RawList> {
  const parsed = await readJson(request, response);
  if (!('items' in parsed)) throw unreadableAnswerError(request, answerOf(response), undefined);
  return asList(parsed);
}

/** Reads the body to its end, so that its connection can be used again, and drops it. */
export async function readNothing(_request: ApiRequest, response: FetchResponse): Promise<void> {
  await readBody(response, largestBodyBytes);
}

/** More than a page of five hundred large objects; what is beyond it would be held in memory several times over. */
const largestBodyBytes = 64 * 1024 * 1024;

async function readJson(request: ApiRequest, response: FetchResponse): Promise<object> {
  const text = await readBody(response, largestBodyBytes);
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return parsed;
  } catch (error) {
    // The parser quotes the place where it gave up.
    throw unreadableAnswerError(request, answerOf(response), isAboutSecrets(request) ? undefined : error);
  }
  throw unreadableAnswerError(request, answerOf(response), undefined);
}

function answerOf(response: FetchResponse): { status: number; contentType: string | null } {
  return { status: response.status, contentType: response.headers.get('content-type') };
}

/** The API server's schema says what it is; checking each field again would cost more than the call. */
function asObject(parsed: object): KubernetesObject {
  return parsed as KubernetesObject;
}

/** With its items, which are null where Go had none. */
function asList(parsed: object): RawList {
  const list = asRawList(parsed);
  list.items ??= [];
  return list;
}

/** As `asObject`. */
function asRawList(parsed: object): RawList {
  return parsed as RawList;
}
