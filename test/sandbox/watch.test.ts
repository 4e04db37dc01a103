import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Home, MERGE, type Server, eventually, homeOn, realServer, sandboxServer } from './servers.ts';

interface WatchEvent {
  type: string;
  // oxlint-disable-next-line no-explicit-any -- events carry objects of every kind
  object: any;
}

const sandbox = await sandboxServer();
const real = realServer();

describe.each([real ?? sandbox].map((server): [string, Server] => [server.name, server]))(
  'watches of the %s cluster',
  (_name, server) => {
    let home: Home;
    let maps: string;

    beforeAll(async () => {
      home = await homeOn(server, 'watch');
      maps = `/api/v1/namespaces/${home.namespace}/configmaps`;
    }, 30_000);

    afterAll(async () => {
      await home.clear();
      await sandbox.close();
    }, 60_000);

    const create = (name: string, labels: Record<string, string> = {}) =>
      server.call('POST', maps, { body: { metadata: { name, labels } } });
    const patch = (name: string, body: unknown) =>
      server.call('PATCH', `${maps}/${name}`, { contentType: MERGE, body });
    const listVersion = async (): Promise<string> => (await server.call('GET', maps)).body.metadata.resourceVersion;
    const told = (events: WatchEvent[]): string[] =>
      events.filter((event) => event.type !== 'BOOKMARK').map((event) => `${event.type} ${event.object.metadata.name}`);

    test('from a version on, every later change comes once and in order', async () => {
      await create('before');
      const version = await listVersion();
      await create('one');
      const watching = watch(server, `${maps}?watch=1&resourceVersion=${version}`);
      await patch('one', { data: { a: 'b' } });
      await server.call('DELETE', `${maps}/one`);

      const events = await watching.until(3);

      expect(told(events)).toEqual(['ADDED one', 'MODIFIED one', 'DELETED one']);
      const versions = events.map((event) => Number(event.object.metadata.resourceVersion));
      expect(versions).toEqual([...versions].sort((a, b) => a - b));
      expect(new Set(versions).size).toBe(3);
      expect(events[0]?.object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
    });

    test('an object that begins to match is added, one that stops is deleted', async () => {
      const version = await listVersion();
      const watching = watch(server, `${maps}?watch=1&resourceVersion=${version}&labelSelector=tier%3Dfront`);
      await create('moving');
      await patch('moving', { metadata: { labels: { tier: 'front' } } });
      await patch('moving', { data: { a: 'b' } });
      await patch('moving', { metadata: { labels: { tier: 'back' } } });
      await patch('moving', { data: { a: 'c' } });
      await patch('moving', { metadata: { labels: { tier: 'front' } } });

      expect(told(await watching.until(4))).toEqual([
        'ADDED moving',
        'MODIFIED moving',
        'DELETED moving',
        'ADDED moving',
      ]);
    });

    test('initial events end with their bookmark', async () => {
      await create('initial', { set: 'initial' });
      const watching = watch(
        server,
        `${maps}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=set%3Dinitial`,
      );

      const events = await watching.until(2);

      expect(events.map((event) => event.type)).toEqual(['ADDED', 'BOOKMARK']);
      expect(events[1]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
      expect(Number(events[1]?.object.metadata.resourceVersion)).toBeGreaterThanOrEqual(
        Number(events[0]?.object.metadata.resourceVersion),
      );
    });

    test('without a version all that is there comes first; the timeout ends the stream', async () => {
      await create('synthetic', { set: 'synthetic' });
      const watching = watch(server, `${maps}?watch=1&timeoutSeconds=1&labelSelector=set%3Dsynthetic`);

      const events = await watching.end();

      expect(told(events)).toEqual(['ADDED synthetic']);
    });

    test('an unchanged object is not told of', async () => {
      await create('still');
      const { body } = await server.call('GET', `${maps}/still`);
      const watching = watch(
        server,
        `${maps}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dstill&resourceVersion=${body.metadata.resourceVersion}`,
      );

      const same = await patch('still', { metadata: { labels: null } });

      expect(same.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
      expect(await watching.end()).toEqual([]);
    });
  },
);

test('a version that the history no longer has is told as 410 Expired, as an event that ends the stream', async () => {
  const small = await sandboxServer({ historyLimit: 20 });
  try {
    const path = '/api/v1/namespaces/default/configmaps';
    const { body } = await small.call('POST', path, { body: { metadata: { name: 'busy' } } });
    for (let round = 0; round < 30; round += 1) {
      await small.call('PATCH', `${path}/busy`, { contentType: MERGE, body: { data: { n: String(round) } } });
    }

    const events = await watch(small, `${path}?watch=1&resourceVersion=${body.metadata.resourceVersion}`).end();

    expect(events.length).toBe(1);
    expect(events[0]).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
  } finally {
    await small.close();
  }
});

test('a watch whose client has gone is forgotten', async () => {
  const small = await sandboxServer();
  try {
    const path = '/api/v1/namespaces/default/configmaps?watch=1';
    const watching = Array.from({ length: 20 }, () => watch(small, path));
    await Promise.all(watching.map((each) => each.until(1)));
    const left = await eventually(
      async () => small.sandbox.watches(),
      (count) => count === 0,
    );

    expect(left).toBe(0);
  } finally {
    await small.close();
  }
});

/** Opens a watch; `until` reads so many events and hangs up, `end` reads until the server ends it. */
function watch(
  server: Server,
  path: string,
): { until(count: number): Promise<WatchEvent[]>; end(): Promise<WatchEvent[]> } {
  const events: WatchEvent[] = [];
  let ended = false;
  let rest = '';
  const open = server.url.startsWith('https') ? httpsGet : httpGet;
  const request = open(`${server.url}${path}`, { ...tlsOf(server) }, (response) => {
    response.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      events.push(...lines.filter((line) => line !== '').map((line): WatchEvent => JSON.parse(line)));
    });
    response.on('end', () => (ended = true));
    response.on('error', () => (ended = true));
  });
  request.on('error', () => (ended = true));
  return {
    async until(count) {
      const found = await eventually(
        async () => events,
        (list) => list.length >= count,
      );
      request.destroy();
      return found;
    },
    async end() {
      await eventually(
        async () => ended,
        (value) => value,
      );
      return events;
    },
  };
}

function tlsOf(server: Server): object {
  if (!server.url.startsWith('https')) return {};
  const config = parse(readFileSync(process.env.KUBECONFIG ?? '', 'utf8'));
  const user = config.users[0].user;
  return {
    ca: readFileSync(config.clusters[0].cluster['certificate-authority']),
    cert: readFileSync(user['client-certificate']),
    key: readFileSync(user['client-key']),
  };
}
