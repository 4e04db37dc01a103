import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import execute from '../../functions/execute.ts';
import status from '../../functions/status.ts';
import { createDatabase } from '../support/service.ts';

/** What the worker's log says of the bindings; its caller is only told that something is wrong with them. */
async function faultsOf(bindings: Record<string, unknown>): Promise<string> {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const response = await status.fetch(new Request('http://worker/api/v1/status/none'), bindings);
  const lines = logged.mock.calls.flat().join('\n');
  logged.mockRestore();
  expect(response.status).toBe(500);
  expect(await response.json()).toMatchObject({ code: 'internal_error' });
  return lines;
}

describe('the bindings of a function', () => {
  it('are refused with all their faults at once', async () => {
    const bindings = {
      KUBECONFIG: '/home/me/.kube/config',
      EXECUTOR_ACTIONS_LEASE: 'long',
      KUBERNETES_SERVER: 'kubernetes',
      KUBERNETES: 'text',
    };

    const refused = await faultsOf(bindings);

    expect(refused).toContain('EXECUTOR_ACTIONS_LEASE: executor.actions.lease is "long"');
    expect(refused).toContain('KUBERNETES_SERVER: is not an address');
    expect(refused).toContain('KUBERNETES_CLUSTER: is not set');
    expect(refused).toContain('KUBERNETES: does not fetch');
  });

  it('point to the way out where a kubeconfig or an embedded database is asked for', async () => {
    const bindings = {
      KUBECONFIG: '/home/me/.kube/config',
      KUBERNETES_SERVER: 'https://kubernetes',
      KUBERNETES_CLUSTER: 'shop',
    };

    const refused = await faultsOf(bindings);

    expect(refused).toContain(
      'KUBECONFIG: names a file, and this runtime has none; allowed: KUBERNETES_SERVER, KUBERNETES_CLUSTER and the secret KUBERNETES_TOKEN',
    );
    expect(refused).toContain('DATABASE_URL: is not set, and this runtime can not bring a database along');
  });

  it.each([
    [
      'two databases',
      { DATABASE_URL: 'postgres://a@b/c', HYPERDRIVE: { connectionString: 'postgres://a@b/c' } },
      'HYPERDRIVE: names a database, and so does DATABASE_URL',
    ],
    [
      'a token over plain HTTP',
      { KUBERNETES_SERVER: 'http://kubernetes', KUBERNETES_TOKEN: 'secret-word' },
      'KUBERNETES_SERVER: is plain HTTP',
    ],
    ['a token of two lines', { KUBERNETES_TOKEN: 'secret\nword' }, 'KUBERNETES_TOKEN: is not a token'],
  ])('refuse %s, without a secret in the message', async (_case, bindings, message) => {
    const refused = await faultsOf({
      KUBERNETES_SERVER: 'https://kubernetes',
      KUBERNETES_CLUSTER: 'shop',
      ...bindings,
    });

    expect(refused).toContain(message);
    expect(refused).not.toContain('secret-word');
  });
});

describe('the cluster of a function', () => {
  let database: Awaited<ReturnType<typeof createDatabase>>;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  it('gets the token, through the binding that leads there', async () => {
    const seen: IncomingHttpHeaders[] = [];
    const server = await listen(403, seen);
    const fetcher = {
      fetch: (url: string, init: RequestInit) => fetch(url.replace('https://kubernetes.internal', server.url), init),
    };

    const answer = await restart({
      KUBERNETES_SERVER: 'https://kubernetes.internal',
      KUBERNETES_TOKEN: 'abc',
      KUBERNETES: fetcher,
    });

    expect(seen[0]?.authorization).toBe('Bearer abc');
    expect(answer).toMatchObject({ status: 403, code: 'permission_denied' });
    server.close();
  });

  it('with a certificate that is not trusted is told of, with the way out', async () => {
    const server = await listen(526, []);

    const answer = await restart({ KUBERNETES_SERVER: server.url });

    expect(answer).toMatchObject({ status: 503, code: 'service_unavailable' });
    expect(answer.detail).toContain('its certificate is of no public authority');
    expect(answer.detail).toContain('bind KUBERNETES to a VPC service');
    server.close();
  });

  async function restart(bindings: Record<string, unknown>) {
    const body = { action: 'restart_deployment', parameters: { namespace: 'shop', resource_name: 'web' } };
    const work: Promise<unknown>[] = [];
    const response = await execute.fetch(
      new Request('http://worker/api/v1/execute', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
      {
        DATABASE_URL: database.databaseUrl,
        KUBERNETES_CLUSTER: 'shop',
        EXECUTOR_KUBERNETES_RETRY_ATTEMPTS: '0',
        ...bindings,
      },
      { waitUntil: (promise) => work.push(promise) },
    );
    await Promise.all(work);
    return JSON.parse(await response.text());
  }
});

/** A server that answers everything alike. */
async function listen(statusCode: number, seen: IncomingHttpHeaders[]): Promise<{ url: string; close(): void }> {
  const server = createServer(({ headers }, response) => {
    seen.push(headers);
    response.writeHead(statusCode, { 'content-type': 'text/plain' }).end('no');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}
