import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createCluster } from '../../src/kubernetes/client.ts';

const server = 'https://cluster.test';
const api = setupServer();

beforeAll(() => api.listen({ onUnhandledFrame: 'error' }));
afterEach(() => api.resetHandlers());
afterAll(() => api.close());

/** As an edge runtime has it: the platform's own fetch, and nothing of Node. */
const cluster = createCluster({
  name: 'edge',
  server,
  fetch: (url, init) => fetch(url, init),
  authorize: () => ({ authorization: 'Bearer secret-token' }),
  timeoutMs: 5_000,
  retryAttempts: 3,
  random: () => 0,
});
const node = { apiVersion: 'v1', kind: 'Node', name: 'node-1' };

test('over the global fetch a read is repeated after a 503, as long as the server says', async () => {
  let asked = 0;
  api.use(
    http.get(`${server}/api/v1/nodes/node-1`, ({ request }) => {
      asked += 1;
      expect(request.headers.get('authorization')).toBe('Bearer secret-token');
      if (asked === 1) return new HttpResponse('away', { status: 503, headers: { 'retry-after': '1' } });
      return HttpResponse.json({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', uid: 'u1' } });
    }),
  );

  const found = await cluster.get(node);

  expect(found.metadata.uid).toBe('u1');
  expect(asked).toBe(2);
});

test('over the global fetch a write whose answer breaks off is `interrupted`, and not repeated', async () => {
  let asked = 0;
  api.use(
    http.patch(`${server}/api/v1/nodes/node-1`, () => {
      asked += 1;
      const breaksOff = new ReadableStream({ start: (body) => body.error(new Error('connection reset')) });
      return new HttpResponse(breaksOff, { headers: { 'content-type': 'application/json' } });
    }),
  );

  const patched = cluster.patch(node, { type: 'merge', body: { spec: { unschedulable: true } } });

  await expect(patched).rejects.toMatchObject({ name: 'KubernetesError', reason: 'interrupted' });
  await expect(patched).rejects.not.toThrow(/secret-token/);
  expect(asked).toBe(1);
});
