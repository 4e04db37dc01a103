import { getEventListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { WatchEvent } from '../../src/kubernetes/cluster.ts';
import { readWatchEvents } from '../../src/kubernetes/watch-stream.ts';
import { refusal, startFaultyServer } from './faulty-server.ts';

const query = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', labelSelector: 'app=web' };
const added = eventOf('ADDED', 'web-1');

describe('watch', () => {
  test('asks for bookmarks, from the version on, and for an end', async () => {
    await using server = await startFaultyServer(stream((response) => response.end()));

    const events = await collect(server.cluster().watch(query, '42', { timeoutMs: 2_500 }));

    expect(events).toEqual([]);
    expect(server.requests[0]?.line).toBe(
      'GET /api/v1/namespaces/shop/pods?watch=true&allowWatchBookmarks=true&resourceVersion=42&timeoutSeconds=3&labelSelector=app%3Dweb',
    );
  });

  test('gives events and bookmarks until the server ends the stream', async () => {
    await using server = await startFaultyServer(
      stream((response) => {
        response.write(lineOf(added));
        response.write(
          lineOf({ type: 'BOOKMARK', object: { kind: 'Pod', apiVersion: 'v1', metadata: { resourceVersion: '50' } } }),
        );
        response.end(lineOf(eventOf('DELETED', 'web-1')));
      }),
    );

    const events = await collect(server.cluster().watch(query, '1', {}));

    expect(events).toEqual([added, { type: 'BOOKMARK', resourceVersion: '50' }, eventOf('DELETED', 'web-1')]);
  });

  test('drops a last line that was cut off', async () => {
    await using server = await startFaultyServer(
      stream((response) => response.end(lineOf(added) + lineOf(added).slice(0, 20))),
    );

    expect(await collect(server.cluster().watch(query, '1', {}))).toEqual([added]);
  });

  test('throws `expired` for an ERROR event with 410, and for a plain 410', async () => {
    const gone = {
      type: 'ERROR',
      object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version: 1 (42)' },
    };
    await using server = await startFaultyServer(
      stream((response) => response.end(lineOf(gone))),
      refusal(410),
    );
    const cluster = server.cluster();

    for (let watch = 0; watch < 2; watch++) {
      await expect(collect(cluster.watch(query, '1', {}))).rejects.toMatchObject({ reason: 'expired', status: 410 });
    }
  });

  test('throws `interrupted` when the connection breaks', async () => {
    await using server = await startFaultyServer(
      stream((response) => response.write(lineOf(added), () => setTimeout(() => response.destroy(), 50))),
    );
    const seen: WatchEvent[] = [];

    const watching = collect(server.cluster().watch(query, '1', {}), seen);

    await expect(watching).rejects.toMatchObject({ reason: 'interrupted' });
    expect(seen).toEqual([added]);
  });

  test('opening it is tried again, as for any read', async () => {
    await using server = await startFaultyServer(
      refusal(503),
      stream((response) => response.end(lineOf(added))),
    );

    expect(await collect(server.cluster().watch(query, '1', {}))).toEqual([added]);
  });

  test('opening it has the deadline of a call; what is open lasts longer', async () => {
    await using silent = await startFaultyServer(() => {});
    await using slow = await startFaultyServer(
      stream((response) => setTimeout(() => response.end(lineOf(added)), 400)),
    );

    const opening = collect(silent.cluster({ timeoutMs: 200 }).watch(query, '1', {}));
    const open = collect(slow.cluster({ timeoutMs: 200 }).watch(query, '1', {}));

    await expect(opening).rejects.toMatchObject({ reason: 'interrupted' });
    expect(await open).toEqual([added]);
  });

  test('ends without an error when its time is over, though the server says nothing', async () => {
    await using server = await startFaultyServer(stream(() => {}));

    expect(await collect(server.cluster().watch(query, '1', { timeoutMs: 300 }))).toEqual([]);
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  test('ends without an error when the signal aborts, and leaves no socket and no listener', async () => {
    await using server = await startFaultyServer(stream((response) => response.write(lineOf(added))));
    const controller = new AbortController();
    const cluster = server.cluster();

    for (let watch = 0; watch < 3; watch++) {
      const seen: WatchEvent[] = [];
      const stop = watch < 2 ? new AbortController() : controller;
      const signal = AbortSignal.any([controller.signal, stop.signal]);
      for await (const event of cluster.watch(query, '1', { signal })) {
        seen.push(event);
        stop.abort();
      }

      expect(seen).toEqual([added]);
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    }
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  test('closes the connection when the reader leaves early', async () => {
    await using server = await startFaultyServer(stream((response) => response.write(lineOf(added) + lineOf(added))));

    for await (const _ of server.cluster().watch(query, '1', {})) break;

    await expect.poll(() => server.openSockets()).toBe(0);
  });

  test('is not begun for a signal that has aborted', async () => {
    await using server = await startFaultyServer(stream(() => {}));

    expect(await collect(server.cluster().watch(query, '1', { signal: AbortSignal.abort() }))).toEqual([]);
    expect(server.requests).toHaveLength(0);
  });
});

describe('readWatchEvents', () => {
  const request = { verb: 'watch', method: 'GET', path: '/' } as const;

  test('reads the same events wherever the bytes are cut, in the middle of a character too', async () => {
    const names = fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(names, fc.array(fc.nat(), { maxLength: 12 }), async (given, cuts) => {
        const events = given.map((name) => eventOf('MODIFIED', name));
        const bytes = new TextEncoder().encode(events.map(lineOf).join(''));

        expect(await collect(readWatchEvents(request, readerOf(bytes, cuts)))).toEqual(events);
      }),
    );
  });

  test('reads it byte by byte', async () => {
    const event = eventOf('ADDED', 'naïve-😀');
    const bytes = new TextEncoder().encode(lineOf(event));

    expect(await collect(readWatchEvents(request, readerOf(bytes, [...bytes.keys()])))).toEqual([event]);
  });

  test.each(['nonsense', '[]', 'null', '{"type":"ADDED"}'])('says that %j is no event', async (line) => {
    const bytes = new TextEncoder().encode(`${line}\n`);

    await expect(collect(readWatchEvents(request, readerOf(bytes, [])))).rejects.toMatchObject({
      reason: 'interrupted',
    });
  });
});

function stream(write: (response: ServerResponse) => void) {
  return (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    response.flushHeaders();
    write(response);
  };
}

function eventOf(type: 'ADDED' | 'MODIFIED' | 'DELETED', name: string) {
  return { type, object: { apiVersion: 'v1', kind: 'Pod', metadata: { name } } };
}

function lineOf(event: unknown): string {
  return `${JSON.stringify(event)}\n`;
}

/** The bytes, cut at these places. */
function readerOf(bytes: Uint8Array, cuts: number[]): ReadableStreamDefaultReader<Uint8Array> {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return new ReadableStream<Uint8Array>({
    start(controller) {
      let from = 0;
      for (const to of [...places, bytes.length]) {
        if (to > from) controller.enqueue(bytes.slice(from, to));
        from = to;
      }
      controller.close();
    },
  }).getReader();
}

async function collect(events: AsyncIterable<WatchEvent>, into: WatchEvent[] = []): Promise<WatchEvent[]> {
  for await (const event of events) into.push(event);
  return into;
}
