import type { ApiRequest } from './api-request.ts';
import type { CallOptions, ObjectQuery, WatchEvent } from './cluster.ts';
import { connectionError } from './connection-error.ts';
import { startDeadline } from './deadline.ts';
import type { Deadline } from './deadline.ts';
import type { ResourceKind } from './kinds.ts';
import { queryString, resourcePath } from './resource-paths.ts';
import type { Send } from './transport.ts';
import { readWatchEvents } from './watch-stream.ts';

interface Watching {
  send: Send;
  /** The API server's address. */
  server: string;
  query: ObjectQuery;
  resourceVersion: string;
  options: CallOptions;
  /** How long opening the stream may take. */
  openingMs: number;
  resourceOf: (deadline: Deadline) => ResourceKind | Promise<ResourceKind>;
}

/**
 * The stream of a query's events. Opening it is a read like others, retries included; once open it lasts until the server
 * ends it, `options.timeoutMs` is over or the signal aborts, all of which end it without an error.
 */
export async function* watchObjects(watching: Watching): AsyncGenerator<WatchEvent, void, void> {
  const { send, server, options } = watching;
  const lastsMs = options.timeoutMs ?? defaultLengthMs;
  const endsAt = performance.now() + lastsMs;
  const deadline = startDeadline(Math.min(watching.openingMs, lastsMs), options.signal);
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    const request = watchRequest(await watching.resourceOf(deadline), watching, lastsMs);
    const body = await send(request, deadline, async (response) => response.body);
    // The server ends it by itself then; the extra time is for a server that has vanished.
    deadline.extend(endsAt - performance.now() + (options.timeoutMs === undefined ? graceMs : 0));
    reader = body?.getReader();
    if (reader) yield* eventsUntil(deadline, request, reader, server);
  } catch (error) {
    if (deadline.ended() !== 'aborted') throw error;
  } finally {
    deadline.release();
    // A consumer that left early leaves a stream open: cancelling it closes the connection.
    await reader?.cancel().catch(() => {});
  }
}

/** As long as the watches of client-go at least. */
const defaultLengthMs = 300_000;
const graceMs = 10_000;

async function* eventsUntil(
  deadline: Deadline,
  request: ApiRequest,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  server: string,
): AsyncGenerator<WatchEvent, void, void> {
  try {
    for await (const event of readWatchEvents(request, reader)) {
      if (deadline.ended()) return;
      yield event;
    }
  } catch (error) {
    if (deadline.ended()) return;
    throw connectionError(request, error, { server, deadline });
  }
}

function watchRequest(
  resource: ResourceKind,
  { query, resourceVersion }: { query: ObjectQuery; resourceVersion: string },
  lastsMs: number,
): ApiRequest {
  const { namespace, labelSelector, fieldSelector } = query;
  const parameters = queryString({
    watch: true,
    allowWatchBookmarks: true,
    resourceVersion,
    timeoutSeconds: Math.max(1, Math.ceil(lastsMs / 1000)),
    labelSelector,
    fieldSelector,
  });
  return {
    verb: 'watch',
    method: 'GET',
    path: resourcePath(resource, { namespace }) + parameters,
    resource,
    namespace,
  };
}
