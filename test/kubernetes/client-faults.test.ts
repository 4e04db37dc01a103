import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';

import type { KubernetesError } from '../../src/kubernetes/errors.ts';
import { isKubernetesError } from '../../src/kubernetes/errors.ts';
import type { Fetch } from '../../src/kubernetes/transport.ts';
import {
  cutAnswer,
  dropConnection,
  hangInBody,
  json,
  neverAnswer,
  refusal,
  startFaultyServer,
  text,
} from './faulty-server.ts';
import type { Reaction } from './faulty-server.ts';

const reference = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-1' };
const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-1', namespace: 'shop', uid: 'u-1' } };
const found = json(200, pod);
const patch = { type: 'merge', body: { metadata: { labels: { a: 'b' } } } } as const;
const budget = {
  message: "Cannot evict pod as it would violate the pod's disruption budget.",
  reason: 'TooManyRequests',
  details: { causes: [{ reason: 'DisruptionBudget', message: 'The disruption budget web needs 2 healthy pods' }] },
};

describe('a read is sent again', () => {
  test.each<[string, Reaction]>([
    ['the connection is dropped', dropConnection],
    ['the answer is cut short', cutAnswer],
    ['the JSON is cut short', text(200, '{"kind":"Po', { 'content-type': 'application/json' })],
    ['the server is overloaded', text(429, 'Too many requests, please try again later.')],
    ['etcd has a hiccup', refusal(500)],
    ['a gateway fails', text(502, '<html>Bad Gateway</html>', { 'content-type': 'text/html' })],
    ['the server is not ready', refusal(503)],
    ['a gateway gives up', text(504, 'upstream request timeout')],
  ])('when %s', async (_, fault) => {
    await using server = await startFaultyServer(fault, found);

    const object = await server.cluster().get(reference);

    expect(object).toEqual(pod);
    expect(server.requests).toHaveLength(2);
  });

  test('as often as it was told, and then throws what it last saw', async () => {
    await using server = await startFaultyServer(refusal(503, { message: 'still starting' }));

    const error = await failureOf(server.cluster({ retryAttempts: 2 }).get(reference));

    expect(error).toMatchObject({ reason: 'serverError', status: 503, message: 'get pods shop/web-1: still starting' });
    expect(server.requests).toHaveLength(3);
  });

  test('not before Retry-After', async () => {
    await using server = await startFaultyServer(text(429, 'later', { 'retry-after': '1' }), found);
    const started = performance.now();

    await server.cluster().get(reference);

    expect(performance.now() - started).toBeGreaterThan(1_000);
  });

  test('not where Retry-After is beyond the deadline: the refusal comes at once', async () => {
    await using server = await startFaultyServer(text(429, 'later', { 'retry-after': '60' }));
    const started = performance.now();

    const error = await failureOf(server.cluster({ timeoutMs: 40_000 }).get(reference));

    expect(error).toMatchObject({ reason: 'tooManyRequests', retryAfterSeconds: 60 });
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test('not after a refusal that time does not mend', async () => {
    await using server = await startFaultyServer(refusal(403));

    expect(await failureOf(server.cluster().get(reference))).toMatchObject({ reason: 'forbidden' });
    expect(server.requests).toHaveLength(1);
  });
});

describe('a write', () => {
  test('is not sent again when the connection drops: it may have been carried out', async () => {
    await using server = await startFaultyServer(dropConnection);

    const error = await failureOf(server.cluster().patch(reference, patch));

    expect(error.reason).toBe('interrupted');
    expect(error.message).toMatch(/^patch pods shop\/web-1: the connection to http:\/\/127\.0\.0\.1:\d+ broke: /);
    expect(server.requests).toHaveLength(1);
  });

  test.each<[string, Reaction]>([
    ['an answer cut short', cutAnswer],
    ['a page instead of an object', text(200, '<html>', { 'content-type': 'text/html' })],
    ['a gateway that gave up', text(504, 'upstream request timeout')],
    ['a proxy whose server went away', text(503, 'upstream connect error')],
    ['a timeout of etcd', refusal(500, { message: 'etcdserver: request timed out' })],
  ])('says that it was interrupted after %s', async (_, fault) => {
    await using server = await startFaultyServer(fault);

    expect(await failureOf(server.cluster().patch(reference, patch))).toMatchObject({ reason: 'interrupted' });
    expect(server.requests).toHaveLength(1);
  });

  test.each<[string, Reaction]>([
    ['429', text(429, 'Too many requests, please try again later.')],
    ['503 with Retry-After', refusal(503, {}, { 'retry-after': '1' })],
  ])('is sent again after %s: the server did nothing', async (_, fault) => {
    await using server = await startFaultyServer(fault, found);

    await server.cluster().patch(reference, patch);

    expect(server.requests.map(({ line, body }) => [line, body])).toEqual([
      ['PATCH /api/v1/namespaces/shop/pods/web-1', JSON.stringify(patch.body)],
      ['PATCH /api/v1/namespaces/shop/pods/web-1', JSON.stringify(patch.body)],
    ]);
  });

  test('is sent again when no connection was made, and says so when none comes', async () => {
    const closed = await startFaultyServer(found);
    await closed[Symbol.asyncDispose]();
    let attempts = 0;

    const cluster = closed.cluster({
      observe: (_, send) => {
        attempts++;
        return send();
      },
    });
    const error = await failureOf(cluster.patch(reference, patch));

    expect(error.reason).toBe('unreachable');
    expect(error.message).toMatch(
      /^patch pods shop\/web-1: can't reach http:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/,
    );
    expect(attempts).toBe(4);
  });

  test('is not sent again by a process that stood still beyond the deadline: its lease is over', async () => {
    await using server = await startFaultyServer(refusal(503, {}, { 'retry-after': '1' }), found);

    let sent = 0;
    const counting: Fetch = (url, init) => {
      sent += 1;
      return fetch(url, init);
    };
    const failure = failureOf(server.cluster({ timeoutMs: 3_000, fetch: counting }).patch(reference, patch));
    await expect.poll(() => server.requests).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    // What SIGSTOP or a long pause does: then both the wait and the deadline are over, the wait first.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_500);
    const error = await failure;

    expect(error.reason).toBe('interrupted');
    expect(sent).toBe(1);
  });

  test('is refused with a plain 500 once and for all', async () => {
    await using server = await startFaultyServer(
      refusal(500, { message: 'This pod has more than one PodDisruptionBudget' }),
    );

    expect(await failureOf(server.cluster().evict(reference))).toMatchObject({
      reason: 'serverError',
      message: 'create pods/eviction shop/web-1: This pod has more than one PodDisruptionBudget',
    });
    expect(server.requests).toHaveLength(1);
  });
});

describe('an eviction', () => {
  test('that a budget refuses is not sent again, and names the budget', async () => {
    await using server = await startFaultyServer(refusal(429, budget));

    const error = await failureOf(server.cluster().evict(reference));

    expect(error).toMatchObject({ reason: 'tooManyRequests', causes: budget.details.causes });
    expect(server.requests).toHaveLength(1);
  });

  test('that an overloaded server refuses is sent again', async () => {
    await using server = await startFaultyServer(
      text(429, 'Too many requests'),
      json(201, { kind: 'Status', apiVersion: 'v1', status: 'Success' }),
    );

    await server.cluster().evict({ ...reference, uid: 'u-1' }, { gracePeriodSeconds: 5 });

    expect(server.requests[1]?.line).toBe('POST /api/v1/namespaces/shop/pods/web-1/eviction');
    expect(JSON.parse(server.requests[1]?.body ?? '')).toEqual({
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'web-1', namespace: 'shop' },
      deleteOptions: { gracePeriodSeconds: 5, preconditions: { uid: 'u-1' } },
    });
  });
});

describe('the deadline', () => {
  test.each<[string, Reaction]>([
    ['no answer comes', neverAnswer],
    ['the body hangs', hangInBody],
  ])('ends a call when %s', async (_, fault) => {
    await using server = await startFaultyServer(fault);

    const error = await failureOf(server.cluster().patch(reference, patch, { timeoutMs: 200 }));

    expect(error).toMatchObject({ reason: 'interrupted', message: 'patch pods shop/web-1: no answer within 200 ms' });
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  test('holds for all attempts together', async () => {
    await using server = await startFaultyServer(refusal(503));
    const started = performance.now();

    const error = await failureOf(server.cluster({ retryAttempts: 1_000_000 }).get(reference, { timeoutMs: 500 }));

    // It ends between two attempts, or in the middle of one.
    expect(['serverError', 'interrupted']).toContain(error.reason);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test('the caller can end a call, and a wait between two attempts', async () => {
    await using server = await startFaultyServer(refusal(503, {}, { 'retry-after': '30' }));
    const controller = new AbortController();
    const started = performance.now();
    setTimeout(() => controller.abort(), 100);

    const cluster = server.cluster({ timeoutMs: 40_000 });
    const error = await failureOf(cluster.patch(reference, patch, { signal: controller.signal }));

    expect(error).toMatchObject({ reason: 'aborted', message: 'patch pods shop/web-1: stopped by the caller' });
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test('nothing is sent for a caller who has already left', async () => {
    await using server = await startFaultyServer(found);

    const error = await failureOf(server.cluster().patch(reference, patch, { signal: AbortSignal.abort() }));

    expect(error.reason).toBe('aborted');
    expect(server.requests).toHaveLength(0);
  });

  test('a long-lived signal keeps no listener of a call that is over', async () => {
    await using server = await startFaultyServer(found);
    const controller = new AbortController();
    const cluster = server.cluster();

    for (let call = 0; call < 20; call++) await cluster.get(reference, { signal: controller.signal });

    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });
});

describe('credentials', () => {
  test('are made new once after a 401, for a write too', async () => {
    await using server = await startFaultyServer(refusal(401), found);
    const asked: unknown[] = [];
    const authorize = (options?: { refresh?: boolean }) => {
      asked.push(options?.refresh ?? false);
      return Promise.resolve({ authorization: `Bearer ${asked.length}` });
    };

    await server.cluster({ authorize, retryAttempts: 0 }).patch(reference, patch);

    expect(asked).toEqual([false, true]);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer 1', 'Bearer 2']);
  });

  test('are made new only once: then it is unauthorized', async () => {
    await using server = await startFaultyServer(refusal(401, { message: 'Unauthorized' }));
    const secret = 'Bearer very-secret';

    const error = await failureOf(server.cluster({ authorize: () => ({ authorization: secret }) }).get(reference));

    expect(error).toMatchObject({ reason: 'unauthorized', status: 401 });
    expect(JSON.stringify([error, error.message, error.stack, error.cause])).not.toContain('very-secret');
    expect(server.requests).toHaveLength(2);
  });

  test('that never come are no reason to wait beyond the deadline', async () => {
    await using server = await startFaultyServer(found);

    const error = await failureOf(
      server.cluster({ authorize: () => new Promise(() => {}) }).get(reference, { timeoutMs: 100 }),
    );

    expect(error.reason).toBe('interrupted');
    expect(server.requests).toHaveLength(0);
  });

  test('that can not be had make the call unauthorized, in the words of the failure', async () => {
    await using server = await startFaultyServer(found);
    const authorize = () => Promise.reject(new Error('aws is not installed'));

    expect(await failureOf(server.cluster({ authorize }).get(reference))).toMatchObject({
      reason: 'unauthorized',
      message: `get pods shop/web-1: no credentials for ${server.url}: aws is not installed`,
    });
  });

  test('in the address are not shown, and not sent', async () => {
    await using server = await startFaultyServer(found);

    const cluster = server.cluster({
      server: `${server.url.replace('://', '://admin:secret@')}/clusters/c-1/?token=secret`,
    });
    await cluster.get(reference);

    expect(cluster.server).toBe(`${server.url}/clusters/c-1`);
    expect(server.requests[0]?.line).toBe('GET /clusters/c-1/api/v1/namespaces/shop/pods/web-1');
  });
});

describe('an answer that is none', () => {
  test.each<[string, Reaction, string]>([
    [
      'a page',
      text(200, '<html>Sign in</html>', { 'content-type': 'text/html' }),
      'answered 200 with text/html instead of a Kubernetes object',
    ],
    ['a redirect', text(302, '', { location: 'http://127.0.0.1:1/login' }), 'answered 302'],
    [
      'a page with a refusal',
      text(418, '<html>', { 'content-type': 'text/html; charset=utf-8' }),
      'answered 418 with text/html instead',
    ],
  ])('%s is named for what it is', async (_, fault, message) => {
    await using server = await startFaultyServer(fault);

    const error = await failureOf(server.cluster({ retryAttempts: 0 }).get(reference));

    expect(error.message).toContain(message);
    expect(error.message).not.toContain('<html>');
    expect(server.requests).toHaveLength(1);
  });

  test('a body that is too large is not read to its end', async () => {
    const chunk = 'x'.repeat(1024 * 1024);
    let sent = 0;
    await using server = await startFaultyServer((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const write = () => {
        while (!response.destroyed && sent < 200 && response.write(chunk)) sent++;
        if (!response.destroyed && sent < 200) response.once('drain', write);
        else response.end();
      };
      write();
    });

    const error = await failureOf(server.cluster().get(reference, { timeoutMs: 20_000 }));

    expect(error.message).toContain('larger than');
    expect(sent).toBeLessThan(200);
  });

  test('a status is told by its reason', async () => {
    await using server = await startFaultyServer(
      refusal(409, { reason: 'AlreadyExists' }),
      refusal(409, { reason: 'Conflict' }),
      refusal(410, { reason: 'Expired' }),
      refusal(415),
      refusal(422, { details: { causes: [{ reason: 'FieldValueInvalid', field: 'spec.replicas' }] } }),
      refusal(404),
    );
    const cluster = server.cluster();

    const errors = [];
    for (let call = 0; call < 6; call++) errors.push(await failureOf(cluster.patch(reference, patch)));

    expect(errors.map((error) => error.reason)).toEqual([
      'alreadyExists',
      'conflict',
      'expired',
      'unsupportedMediaType',
      'invalid',
      'notFound',
    ]);
    expect(errors[4]?.causes).toEqual([{ reason: 'FieldValueInvalid', field: 'spec.replicas' }]);
  });
});

describe('an observer', () => {
  test('sees each attempt by name and status, and sends headers along', async () => {
    await using server = await startFaultyServer(
      refusal(503),
      json(200, { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'web' } }),
    );
    const seen: unknown[] = [];
    const cluster = server.cluster({
      observe: async (call, send) => {
        const outcome = await send({ traceparent: `attempt-${call.attempt}` });
        seen.push([
          call.verb,
          call.apiGroup,
          call.resource,
          call.subresource,
          call.namespace,
          call.name,
          call.attempt,
          outcome.status,
          outcome.error?.reason,
        ]);
        return outcome;
      },
    });

    await cluster.get(
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' },
      { subresource: 'scale' },
    );

    expect(seen).toEqual([
      ['get', 'apps', 'deployments', 'scale', 'shop', 'web', 1, 503, 'serverError'],
      ['get', 'apps', 'deployments', 'scale', 'shop', 'web', 2, 200, undefined],
    ]);
    expect(server.requests.map(({ headers }) => headers['traceparent'])).toEqual(['attempt-1', 'attempt-2']);
  });

  test('sees an attempt without an answer as its error', async () => {
    await using server = await startFaultyServer(dropConnection);
    const seen: unknown[] = [];
    const cluster = server.cluster({
      observe: async (_, send) => {
        try {
          return await send();
        } catch (error) {
          seen.push(isKubernetesError(error) && error.reason);
          throw error;
        }
      },
    });

    await failureOf(cluster.delete(reference));

    expect(seen).toEqual(['interrupted']);
  });
});

async function failureOf(promise: Promise<unknown>): Promise<KubernetesError> {
  const outcome = await promise.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  );
  if (!isKubernetesError(outcome)) throw outcome;
  return outcome;
}
