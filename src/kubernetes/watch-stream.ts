import { statusError } from './answer-error.ts';
import type { ApiRequest } from './api-request.ts';
import type { WatchEvent } from './cluster.ts';
import { KubernetesError } from './errors.ts';
import type { KubernetesObject } from './object.ts';

/**
 * The events of a watch's body: one JSON document a line, however the network cut it. Throws the error that an `ERROR` event
 * carries (`expired` for 410), and `interrupted` for a line that is no event. A last line without its end was
 * cut off and is dropped: the watch goes on from the event before.
 */
export async function* readWatchEvents(
  request: ApiRequest,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<WatchEvent, void, void> {
  for await (const line of readLines(reader)) {
    if (line === '') continue;
    const event = parseEvent(request, line);
    if (event) yield event;
  }
}

/** The largest object that etcd takes is 1.5 MiB; a line far beyond it is no event. */
const longestLine = 16 * 1024 * 1024;

async function* readLines(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const chunk = decoder.decode(value, { stream: true });
    let start = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
      yield rest + chunk.slice(start, end);
      rest = '';
      start = end + 1;
    }
    rest += chunk.slice(start);
    if (rest.length > longestLine) throw new Error(`a line of the watch is longer than ${longestLine} characters`);
  }
}

function parseEvent(request: ApiRequest, line: string): WatchEvent | undefined {
  const { type, object } = asRawEvent(parseLine(request, line));
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object };
    case 'BOOKMARK':
      return { type, resourceVersion: object.metadata.resourceVersion ?? '' };
    case 'ERROR':
      throw statusError(request, object);
    default:
      // A type that a later version brings is none that was asked for.
      return undefined;
  }
}

function parseLine(request: ApiRequest, line: string): unknown {
  try {
    const event: unknown = JSON.parse(line);
    if (typeof event === 'object' && event !== null && 'object' in event) return event;
  } catch (error) {
    throw notAnEvent(request, error);
  }
  throw notAnEvent(request);
}

function notAnEvent(request: ApiRequest, cause?: unknown): KubernetesError {
  return new KubernetesError(
    'interrupted',
    `watch ${request.resource?.plural ?? ''}: a line of the stream is no event`,
    {
      cause,
    },
  );
}

/** The server's own schema describes the events; what is in an object nobody knows before it is read. */
function asRawEvent(event: unknown): { type: string; object: KubernetesObject } {
  return event as { type: string; object: KubernetesObject };
}
