import { type Kind, apiVersionOf, storageOf } from '../kinds/kind.ts';
import type { Resource } from '../resource.ts';
import type { Change, Store } from '../store/store.ts';
import { filterOf, includeObjectOf, numberOf } from './read.ts';
import { type Form, formOf, oneText } from './representation.ts';
import type { ApiRequest } from './request.ts';
import { StatusError, expired, invalid } from './status-error.ts';
import { tableText } from './table.ts';

const DEFAULT_SECONDS = 1800;
const BOOKMARK_MS = 60_000;
/** A reader that is further behind is cut off, as the API server does; it lists again. */
const QUEUE_LIMIT = 2_000;

/** Answers a watch: a stream of JSON lines until the timeout, the client or the server ends it. */
export function watch(store: Store, request: ApiRequest, closing: AbortSignal): Response {
  const { kind, namespace, name } = request.target;
  const selected = filterOf(kind, request.query);
  const filter = (object: Resource): boolean =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (name === undefined || object.metadata.name === name) &&
    selected(object);
  const start = startOf(store, request.query);
  const line = lineWriter(kind, formOf(request.accept), store, includeObjectOf(request));
  const isMarked = isTrue(request.query, 'allowWatchBookmarks');
  const seconds = numberOf(request.query, 'timeoutSeconds') || DEFAULT_SECONDS;
  const body = lineStream([closing, request.signal], (send, end) => {
    if (!start.initial && start.after < store.oldest) {
      send(JSON.stringify({ type: 'ERROR', object: expired(start.after, store.oldest).status }));
      end();
      return () => {};
    }
    const first = firstEvents(store, kind, filter, start).map(([type, object]) => line(type, object));
    if (start.marked) first.push(bookmarkText(kind, store.revision, true));
    if (first.length > 0) send(first.join('\n'));
    const unsubscribe = store.subscribe((change) => {
      const event = change.storage === storageOf(kind) ? eventOf(change, filter) : undefined;
      if (event) send(line(...event));
    });
    const bookmark = (): void => (isMarked ? send(bookmarkText(kind, store.revision)) : undefined);
    const pulse = setInterval(bookmark, BOOKMARK_MS);
    const deadline = setTimeout(() => {
      bookmark();
      end();
    }, seconds * 1000);
    return () => {
      unsubscribe();
      clearInterval(pulse);
      clearTimeout(deadline);
    };
  });
  return new Response(body, { headers: { 'content-type': 'application/json', 'cache-control': 'no-cache, private' } });
}

/** A stream of lines that ends by itself, by a signal, by its reader's leaving, or when the reader is too far behind. */
function lineStream(
  signals: AbortSignal[],
  open: (send: (text: string) => void, end: () => void) => () => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let release: () => void = () => {};
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let ended = false;
        let close: () => void = () => {};
        release = () => {
          ended = true;
          close();
          for (const signal of signals) signal.removeEventListener('abort', end);
        };
        const end = (): void => {
          if (ended) return;
          release();
          controller.close();
        };
        const send = (text: string): void => {
          if (ended) return;
          if ((controller.desiredSize ?? 0) < -QUEUE_LIMIT) end();
          else controller.enqueue(encoder.encode(`${text}\n`));
        };
        for (const signal of signals) signal.addEventListener('abort', end);
        close = open(send, end);
      },
      cancel: () => release(),
    },
    new CountQueuingStrategy({ highWaterMark: 64 }),
  );
}

function isTrue(query: URLSearchParams, name: string): boolean {
  return ['true', '1'].includes(query.get(name) ?? '');
}

/** Where the watch begins: with all that is there, or after a revision. */
interface Start {
  initial: boolean;
  /** A bookmark tells where the initial events end. */
  marked: boolean;
  after: number;
}

function startOf(store: Store, query: URLSearchParams): Start {
  const version = query.get('resourceVersion') ?? '';
  if (version !== '' && !/^\d+$/.test(version)) {
    throw new StatusError(
      500,
      undefined,
      `resourceVersion: Invalid value: ${JSON.stringify(version)}: strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`,
    );
  }
  const marked = isTrue(query, 'sendInitialEvents');
  if (query.has('sendInitialEvents') && query.get('resourceVersionMatch') !== 'NotOlderThan') {
    const message = 'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [
      { reason: 'FieldValueForbidden', message, field: 'resourceVersionMatch' },
    ]);
  }
  const initial = marked || version === '' || version === '0';
  return { initial, marked, after: initial ? store.revision : Number(version) };
}

/** What is there already, or what happened since the start. The caller has made sure that the start is not too old. */
function firstEvents(
  store: Store,
  kind: Kind,
  filter: (object: Resource) => boolean,
  start: Start,
): [string, Resource][] {
  const storage = storageOf(kind);
  if (start.initial)
    return store
      .list(storage)
      .filter(filter)
      .map((object) => ['ADDED', object]);
  return store
    .since(start.after, storage)
    .flatMap((change) => [eventOf(change, filter)].filter((event) => event !== undefined));
}

type LineWriter = (type: string, object: Resource) => string;

function lineWriter(kind: Kind, form: Form, store: Store, includeObject: string): LineWriter {
  let first = true;
  return (type, object) => {
    const now = store.now();
    const metadata = { resourceVersion: object.metadata.resourceVersion };
    const text =
      form === 'table'
        ? tableText(kind, [object], { now, includeObject, metadata, withoutColumns: !first })
        : oneText(form, kind, object, { now, includeObject });
    first = false;
    return `{"type":"${type}","object":${text}}`;
  };
}

/** An object that begins to match is added, one that stops is deleted, whatever happened to it in the store. */
function eventOf(change: Change, filter: (object: Resource) => boolean): [string, Resource] | undefined {
  const before = change.previous !== undefined && filter(change.previous);
  if (change.type === 'DELETED') return before ? ['DELETED', change.object] : undefined;
  if (filter(change.object)) return [before ? 'MODIFIED' : 'ADDED', change.object];
  if (!before || !change.previous) return undefined;
  const { metadata } = change.previous;
  return ['DELETED', { ...change.previous, metadata: { ...metadata, resourceVersion: String(change.revision) } }];
}

function bookmarkText(kind: Kind, revision: number, endOfInitial = false): string {
  const annotations = endOfInitial ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const metadata = { resourceVersion: String(revision), ...annotations };
  return JSON.stringify({ type: 'BOOKMARK', object: { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata } });
}
