import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Service, startService } from '../support/service.ts';
import { expectProblem } from './expect-problem.ts';

let service: Service;

beforeAll(async () => {
  service = await startService();
});

afterAll(async () => {
  await service.close();
});

async function ask(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await service.app.request(path, { method, ...init });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

describe('where nothing is', () => {
  test.each([
    '/nothing',
    '/api/v1/nothing',
    '/api/v2/execute',
    '/api/v1',
    '/api/v1/executions/a/b/c',
    '/api/v1/status',
  ])('%s is 404', async (path) => {
    const answer = await ask('GET', path);

    expectProblem(answer, { status: 404, code: 'not_found' });
    expect(answer.body).toMatchObject({ instance: path, hint: expect.stringContaining('/openapi.json') });
  });

  test.each([
    ['GET', '/api/v1/execute', 'POST'],
    ['HEAD', '/api/v1/execute', 'POST'],
    ['PUT', '/api/v1/execute', 'POST'],
    ['OPTIONS', '/api/v1/execute', 'POST'],
    ['POST', '/api/v1/status/a', 'GET, HEAD'],
    ['DELETE', '/api/v1/executions', 'GET, HEAD'],
    ['GET', '/api/v1/executions/a/rollback', 'POST'],
    ['GET', '/api/v1/executions/a/cancel', 'POST'],
    ['PATCH', '/api/v1/actions', 'GET, HEAD'],
    ['POST', '/health', 'GET, HEAD'],
    ['POST', '/livez', 'GET, HEAD'],
    ['DELETE', '/readyz', 'GET, HEAD'],
    ['POST', '/metrics', 'GET, HEAD'],
  ])('%s %s is 405 and says what is allowed', async (method, path, allow) => {
    const answer = await ask(method, path);

    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe(allow);
    if (method !== 'HEAD') expectProblem(answer, { status: 405, code: 'method_not_allowed' });
  });
});

describe('bodies', () => {
  test.each([
    undefined,
    'text/plain',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/yaml',
    ';',
    'json',
  ])('of type %s are 415', async (type) => {
    const headers = type === undefined ? undefined : { 'content-type': type };
    const body = new TextEncoder().encode('{"action":"cordon_node"}');

    for (const path of ['/api/v1/execute', '/api/v1/executions/a/rollback']) {
      const answer = await ask('POST', path, { body, ...(headers ? { headers } : {}) });

      expectProblem(answer, { status: 415, code: 'unsupported_media_type' });
      expect(answer.body.hint).toContain('application/json');
    }
  });

  test.each([
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/vnd.example+json',
  ])('of type %s are read', async (type) => {
    const answer = await ask('POST', '/api/v1/execute', { body: '{}', headers: { 'content-type': type } });

    expectProblem(answer, { status: 422, code: 'validation_failed', sent: {} });
  });

  test.each([undefined, 'application/json', 'application/x-www-form-urlencoded'])(
    'of a rollback may be empty, whatever the type: %s',
    async (type) => {
      const answer = await ask(
        'POST',
        '/api/v1/executions/none/rollback',
        type === undefined ? {} : { headers: { 'content-type': type } },
      );

      expectProblem(answer, { status: 404, code: 'execution_not_found' });
    },
  );
});

describe('X-Request-ID', () => {
  test.each(['/livez', '/nothing', '/api/v1/status/none', '/api/v1/executions?limit=0'])(
    'is answered back by %s',
    async (path) => {
      const answer = await service.get(path, { 'x-request-id': 'request-7/a:b' });

      expect(answer.headers.get('x-request-id')).toBe('request-7/a:b');
    },
  );
});

describe('actions', () => {
  test('the list holds every action, with what a caller needs to know', async () => {
    const { status, body } = await service.get('/api/v1/actions');

    expect(status).toBe(200);
    expect(body.next).toBeNull();
    expect(body.items.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['scale_deployment', 'restart_pod', 'cordon_node', 'notify_only']),
    );
    for (const item of body.items) {
      expect(item).toMatchObject({
        parameters: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' },
        risk: expect.any(String),
        reversible: expect.any(Boolean),
        dry_run: true,
      });
      expect(item.examples).not.toEqual([]);
    }
  });

  test.each(['scale_deployment', 'scale-deployment', 'scaleDeployment'])('one is found as %s', async (name) => {
    const { status, body } = await service.get(`/api/v1/actions/${name}`);

    expect(status).toBe(200);
    expect(body).toMatchObject({
      name: 'scale_deployment',
      targets: ['Deployment'],
      parameters: { required: ['replicas'] },
    });
  });

  test.each([
    ['scale_deploymnet', 'scale_deployment'],
    ['restart', 'restart_pod'],
    ['drain-nodes', 'drain_node'],
  ])('%s is unknown, and the closest names are told: %s', async (name, closest) => {
    const one = await service.get(`/api/v1/actions/${name}`);
    const execute = await service.execute(name, {});

    expectProblem(one, { status: 404, code: 'not_found' });
    expectProblem(execute, { status: 422, code: 'unknown_action', pointers: ['/action'] });
    for (const { body } of [one, execute]) {
      expect(body.detail).toContain(name);
      expect(body.hint).toContain(closest);
    }
  });
});
