import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageFile from '../../package.json' with { type: 'json' };
import { actions } from '../../src/actions/registry.ts';
import { openApiDocument } from '../../src/http/openapi.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/start.ts';
import { type Service, startService } from '../support/service.ts';
import { document, faultsBySchema, undescribed } from './described-answer.ts';

let sandbox: Sandbox;
let service: Service;

beforeAll(async () => {
  sandbox = await startSandbox({ log: () => {} });
  service = await startService({ access: { name: 'sandbox', server: sandbox.url, skipTlsVerify: false } });
});

afterAll(async () => {
  await service.close();
  await sandbox.close();
});

describe('GET /openapi.json', () => {
  it('is valid OpenAPI 3.1', async () => {
    const { body } = await service.get('/openapi.json');

    const validator = new Validator();
    const { valid, errors } = await validator.validate(body);

    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
    expect(validator.version).toBe('3.1');
  });

  it('refers to nothing that is not there, and has nothing that is not referred to', async () => {
    const text = JSON.stringify(document);
    const referred = new Set([...text.matchAll(/"#\/components\/([^"]+)"/g)].map(([, name]) => name));
    const { securitySchemes, ...components } = document.components;
    const present = Object.entries(components).flatMap(([kind, entries]) =>
      Object.keys(entries).map((name) => `${kind}/${name}`),
    );

    expect(referred).toEqual(new Set(present));
    expect(document.security.flatMap((way) => Object.keys(way))).toEqual(Object.keys(securitySchemes));
  });

  it('has every path of the gateway and no other', () => {
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const routed = service.app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);

    expect(described.sort()).toEqual(routed.sort());
  });

  it('is docs/openapi.json', () => {
    const kept: unknown = JSON.parse(readFileSync('docs/openapi.json', 'utf8'));

    // npm run generate:openapi makes it so.
    expect(kept).toEqual(openApiDocument({ actions, version: packageFile.version }));
  });
});

describe('the schemas of the requests', () => {
  const examples = document.paths['/api/v1/execute']?.post?.requestBody?.content['application/json']?.examples ?? {};

  it('have an example of each action', () => {
    expect(Object.keys(examples)).toEqual(expect.arrayContaining(actions.map(({ name }) => name)));
  });

  it.each(Object.keys(examples))('take the example %s, and so does the service', async (name) => {
    const body = { action: undefined, ...examples[name]?.value, dry_run: true };

    const answer = await service.post('/api/v1/execute', body);

    expect(faultsBySchema(shapeOf(body), body)).toEqual([]);
    expect(undescribed('POST /api/v1/execute', answer)).toEqual([]);
    expect(answer.body.code ?? 'none').not.toMatch(/validation_failed|unknown_action|unsupported_target/);
  });

  const target = { kind: 'Deployment', namespace: 'production', name: 'web-server' };
  const scale = { action: 'scale_deployment', parameters: { replicas: 3 }, target };

  it.each([
    ['a spelling with hyphens', { ...scale, action: 'scale-deployment' }],
    ['a spelling in camelCase', { ...scale, action: 'scaleDeployment' }],
    ['null for what may be left out', { ...scale, priority: null, metadata: null, timeout: null, dry_run: null }],
    ['a timeout as text', { ...scale, timeout: '120s' }],
    ['a timeout in nanoseconds', { ...scale, timeout: 120_000_000_000 }],
    ['no parameters where none are needed', { action: 'restart_deployment', target }],
    ['null for parameters where none are needed', { action: 'restart_deployment', parameters: null, target }],
    [
      'a target among the parameters',
      {
        ...scale,
        target: undefined,
        parameters: { replicas: 3, namespace: 'production', resource_type: 'deployment', resource_name: 'web-server' },
      },
    ],
    ['what every action takes', { ...scale, parameters: { replicas: 3, reason: 'load', allow_gitops: true } }],
    ['a node among the parameters', { action: 'uncordon_node', parameters: { node_name: 'node-1' } }],
  ])('take %s, as the service does', async (_case, body) => {
    const { status } = await service.post('/api/v1/execute', { ...body, dry_run: true });

    expect(faultsBySchema('WorkflowRequest', JSON.parse(JSON.stringify(body)))).toEqual([]);
    expect(status).toBe(200);
  });

  it.each([
    ['an unknown action', { ...scale, action: 'delete_everything' }],
    ['a missing parameter', { ...scale, parameters: {} }],
    ['parameters left out where they are needed', { ...scale, parameters: undefined }],
    ['an unknown parameter', { ...scale, parameters: { replicas: 3, color: 'red' } }],
    ['a parameter out of range', { ...scale, parameters: { replicas: 1001 } }],
    ['a parameter of another type', { ...scale, parameters: { replicas: [3] } }],
    ['an unknown member', { ...scale, colour: 'red' }],
    ['a priority out of range', { ...scale, priority: 10 }],
    ['a reason that is too long', { ...scale, parameters: { replicas: 3, reason: 'x'.repeat(1001) } }],
    ['an id that is none', { ...scale, action_id: 'two words' }],
    ['a target without a name', { ...scale, target: { kind: 'Deployment' } }],
    ['both shapes at once', { ...scale, alert: { name: 'x' } }],
  ])('refuse %s, as the service does', async (_case, body) => {
    const { status } = await service.post('/api/v1/execute', body);

    expect(faultsBySchema('WorkflowRequest', JSON.parse(JSON.stringify(body)))).not.toEqual([]);
    expect(status).toBe(422);
  });
});

describe('the schemas of the answers', () => {
  const scaleTo = (replicas: number, more = {}) =>
    service.execute('scale_deployment', { namespace: 'production', resource_name: 'web-server', replicas }, more);

  it('describe a run, its repetition, its status, its rollback and the history', async () => {
    const run = await scaleTo(4, { action_id: 'run-1', correlation_id: 'c-1', metadata: { step: 1 } });
    const again = await scaleTo(4, { action_id: 'run-1', correlation_id: 'c-1', metadata: { step: 1 } });
    const undone = await service.post('/api/v1/executions/run-1/rollback', { reason: 'no longer needed' });
    const status = await service.get('/api/v1/status/run-1');
    const page = await service.get('/api/v1/executions?limit=1');
    const tooLate = await service.post('/api/v1/executions/run-1/cancel', { reason: 'no longer needed' });

    expect(undescribed('POST /api/v1/executions/{id}/cancel', tooLate)).toEqual([]);
    expect([run, again, undone, status, page].map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(page.headers.get('link')).toContain('rel="next"');
    expect(undescribed('POST /api/v1/execute', run)).toEqual([]);
    expect(undescribed('POST /api/v1/execute', again)).toEqual([]);
    expect(undescribed('POST /api/v1/executions/{id}/rollback', undone)).toEqual([]);
    expect(undescribed('GET /api/v1/status/{action_id}', status)).toEqual([]);
    expect(undescribed('GET /api/v1/executions', page)).toEqual([]);
  });

  it('describe dry runs, runs without an effect, and runs without a target', async () => {
    const dry = await scaleTo(5, { dry_run: true });
    const noOp = await service.execute('uncordon_node', { node_name: 'node-1' });
    const told = await service.execute('notify_only', { message: 'hello' });
    const diagnosed = await service.execute('collect_diagnostics', {
      namespace: 'production',
      resource_name: 'deployment/payments',
    });

    for (const answer of [dry, noOp, told, diagnosed]) {
      expect(answer.status).toBe(200);
      expect(undescribed('POST /api/v1/execute', answer)).toEqual([]);
    }
  });

  it('describe a run that times out, and one that was settled', async () => {
    // The payments of the shop crash, and never become ready.
    const late = await service.execute(
      'restart_deployment',
      { namespace: 'production', resource_name: 'payments' },
      { timeout: '1s' },
    );
    await scaleTo(3, { action_id: 'silent' });
    await service.sql`update execution set status = 'running', finished_at = null, lease_until = now() - interval '1 minute' where id = 'silent'`;
    await service.tick();
    const settled = await service.get('/api/v1/status/silent');

    expect(late.body).toMatchObject({ status: 'timed_out', error: { code: 'timed_out' } });
    expect(undescribed('POST /api/v1/execute', late)).toEqual([]);
    expect(settled.body.settled).not.toBeNull();
    expect(undescribed('GET /api/v1/status/{action_id}', settled)).toEqual([]);
  });

  it('describe a run that is under way, and that its target is busy', async () => {
    const restart = () =>
      service.execute('restart_deployment', { namespace: 'production', resource_name: 'api' }, { action_id: 'slow' });
    const running = restart();
    await expect
      .poll(async () => (await service.get('/api/v1/status/slow')).body.status, { interval: 10 })
      .toBe('running');

    const [same, busy] = await Promise.all([
      restart(),
      service.execute('scale_deployment', { namespace: 'production', resource_name: 'api', replicas: 9 }),
    ]);

    expect(same.status).toBe(202);
    expect(undescribed('POST /api/v1/execute', same)).toEqual([]);
    expect(busy.body).toMatchObject({ code: 'target_busy', holder: { action_id: 'slow' } });
    expect(undescribed('POST /api/v1/execute', busy)).toEqual([]);
    expect(undescribed('POST /api/v1/execute', await running)).toEqual([]);
  });

  it('describe the catalogue, health and readiness', async () => {
    expect(undescribed('GET /api/v1/actions', await service.get('/api/v1/actions'))).toEqual([]);
    expect(undescribed('GET /api/v1/actions/{name}', await service.get('/api/v1/actions/scale-deployment'))).toEqual(
      [],
    );
    expect(undescribed('GET /health', await service.get('/health', { 'x-request-id': 'r-1' }))).toEqual([]);
    expect(undescribed('GET /livez', await service.get('/livez'))).toEqual([]);
    expect(undescribed('GET /readyz', await service.get('/readyz'))).toEqual([]);
    expect(undescribed('GET /metrics', await service.get('/metrics'))).toEqual([]);
    expect(undescribed('GET /openapi.json', await service.get('/openapi.json'))).toEqual([]);
  });

  it('describe every kind of refusal', async () => {
    const cooling = await service.replica({ env: { EXECUTOR_ACTIONS_COOLDOWN_PERIOD: '5m' } });
    const scale = (replicas: number) =>
      cooling.execute('scale_deployment', { namespace: 'production', resource_name: 'web-server', replicas });
    const first = await scale(1);
    await protect('api');
    const json = { 'content-type': 'application/json' };
    const raw = async (body: string, headers: Record<string, string>) => {
      const response = await service.app.request('/api/v1/execute', { method: 'POST', body, headers });
      return { status: response.status, headers: response.headers, body: await response.json() };
    };
    const stopping = await service.replica();
    stopping.stop();

    const refusals = {
      400: await raw('{', json),
      // Not a restart: one within the second of another is a no-op, which needs no leave.
      403: await service.execute('scale_deployment', { namespace: 'production', resource_name: 'api', replicas: 9 }),
      404: await service.execute('restart_deployment', { namespace: 'production', resource_name: 'nothing' }),
      409: await service.execute('scale_deployment', {
        namespace: 'production',
        resource_name: 'checkout',
        replicas: 9,
      }),
      413: await raw(JSON.stringify('x'.repeat(1024 * 1024)), json),
      415: await raw('{}', { 'content-type': 'text/plain' }),
      422: await service.execute('scale_deployment', {}),
      429: await scale(2),
      503: await stopping.execute('notify_only', { message: 'hello' }),
    };

    expect(first.body).toMatchObject({ status: 'completed', changed: true });
    for (const [status, answer] of Object.entries(refusals)) {
      expect(undescribed('POST /api/v1/execute', answer)).toEqual([]);
      expect(String(answer.status)).toBe(status);
    }
    expect(undescribed('GET /api/v1/status/{action_id}', await service.get('/api/v1/status/nothing'))).toEqual([]);
    expect(undescribed('GET /api/v1/executions', await service.get('/api/v1/executions?limit=0'))).toEqual([]);
    expect(undescribed('GET /api/v1/actions/{name}', await service.get('/api/v1/actions/nothing'))).toEqual([]);
    expect(
      undescribed('POST /api/v1/executions/{id}/rollback', await service.post('/api/v1/executions/nothing/rollback')),
    ).toEqual([]);
  });
});

async function protect(deployment: string): Promise<void> {
  await fetch(`${sandbox.url}/apis/apps/v1/namespaces/production/deployments/${deployment}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify({ metadata: { labels: { 'executor.kubernaut.io/protected': 'true' } } }),
  });
}

function shapeOf(body: { action: unknown }): string {
  return typeof body.action === 'string' ? 'WorkflowRequest' : 'RecommendationRequest';
}
