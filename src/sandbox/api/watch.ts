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
    (namespace === undefined || object.metadata.namespace === namespace) && (name === undefined || object.metadata.name === name) && selected(object);
  const start = startOf(store, request.query);
  const line = lineWriter(kind, formOf(request.accept), store, includeObjectOf(request));
  let stop: () => void = () => {};
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const send = (text: string): void => {
          if ((controller.desiredSize ?? 0) < -QUEUE_LIMIT) stop();
          else controller.enqueue(encoder.encode(`${text}\n`));
        };
        stop = once(() => {
          unsubscribe();
          clearTimeout(deadline);
          clearInterval(pulse);
          closing.removeEventListener('abort', stop);
          request.signal.removeEventListener('abort', stop);
          controller.close();
        });
        const unsubscribe = store.subscribe((change) => {
          const text = change.storage === storageOf(kind) ? eventText(change, filter, line) : undefined;
          if (text !== undefined) send(text);
        });
        const bookmarks = request.query.get('allowWatchBookmarks') === 'true' || request.query.get('allowWatchBookmarks') === '1';
        const bookmark = (): void => (bookmarks ? send(bookmarkText(kind, store.revision)) : undefined);
        const deadline = setTimeout(() => {
          bookmark();
          stop();
        }, (numberOf(request.query, 'timeoutSeconds') || DEFAULT_SECONDS) * 1000);
        const pulse = setInterval(bookmark, BOOKMARK_MS);
        closing.addEventListener('abort', stop);
        request.signal.addEventListener('abort', stop);
        for (const text of firstLines(store, kind, filter, start, line)) send(text);
        if (start.initial && start.marked) send(bookmarkText(kind, store.revision, true));
      },
      cancel: () => stop(),
    },
    new CountQueuingStrategy({ highWaterMark: 64 }),
  );
  return new Response(body, { headers: { 'content-type': 'application/json', 'cache-control': 'no-cache, private' } });
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
    throw new StatusError(500, undefined, `resourceVersion: Invalid value: ${JSON.stringify(version)}: strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`);
  }
  const marked = query.get('sendInitialEvents') === 'true' || query.get('sendInitialEvents') === '1';
  if (query.has('sendInitialEvents') && query.get('resourceVersionMatch') !== 'NotOlderThan') {
    const message = 'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [{ reason: 'FieldValueForbidden', message, field: 'resourceVersionMatch' }]);
  }
  const initial = marked || version === '' || version === '0';
  return { initial, marked, after: initial ? store.revision : Number(version) };
}

function firstLines(store: Store, kind: Kind, filter: (object: Resource) => boolean, start: Start, line: LineWriter): string[] {
  if (start.initial) {
    return store.list(storageOf(kind)).filter(filter).map((object) => line('ADDED', object));
  }
  if (start.after < store.oldest) {
    return [JSON.stringify({ type: 'ERROR', object: expired(start.after, store.oldest).status })];
  }
  return store.since(start.after, storageOf(kind)).flatMap((change) => eventText(change, filter, line) ?? []);
}

type LineWriter = (type: string, object: Resource) => string;

function lineWriter(kind: Kind, form: Form, store: Store, includeObject: string): LineWriter {
  let first = true;
  return (type, object) => {
    const now = store.now();
    const metadata = { resourceVersion: object.metadata.resourceVersion };
    const text = form === 'table' ? tableText(kind, [object], { now, includeObject, metadata, withoutColumns: !first }) : oneText(form, kind, object, { now, includeObject });
    first = false;
    return `{"type":"${type}","object":${text}}`;
  };
}

/** An object that begins to match is added, one that stops is deleted, whatever happened to it in the store. */
function eventText(change: Change, filter: (object: Resource) => boolean, line: LineWriter): string | undefined {
  const before = change.previous !== undefined && filter(change.previous);
  if (change.type === 'DELETED') return before ? line('DELETED', change.object) : undefined;
  const now = filter(change.object);
  if (now) return line(before ? 'MODIFIED' : 'ADDED', change.object);
  if (!before || !change.previous) return undefined;
  const { metadata } = change.previous;
  return line('DELETED', { ...change.previous, metadata: { ...metadata, resourceVersion: String(change.revision) } });
}

function bookmarkText(kind: Kind, revision: number, endOfInitial = false): string {
  const annotations = endOfInitial ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const metadata = { resourceVersion: String(revision), ...annotations };
  return JSON.stringify({ type: 'BOOKMARK', object: { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata } });
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
