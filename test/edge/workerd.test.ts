import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHarness, type TestHarness } from 'wrangler';
import { type Sandbox, startSandbox } from '../../src/sandbox/start.ts';
import { type Answer, createDatabase } from '../support/service.ts';

let database: Awaited<ReturnType<typeof createDatabase>>;
let sandbox: Sandbox;
let workers: TestHarness;

/** Wrangler asks the Internet where this machine is, unless told not to. */
process.env.CLOUDFLARE_CF_FETCH_ENABLED = 'false';
process.env.WRANGLER_SEND_METRICS = 'false';

beforeAll(async () => {
  [database, sandbox] = await Promise.all([createDatabase(), startSandbox({ log: () => {} })]);
  const cluster = { KUBERNETES_SERVER: sandbox.url, KUBERNETES_CLUSTER: 'sandbox' };
  const configPath = 'wrangler.example.toml';
  const secrets = { ...cluster, DATABASE_URL: database.databaseUrl };
  workers = createTestHarness({
    workers: [
      { configPath, env: 'execute', secrets },
      { configPath, env: 'status', secrets },
      { configPath, env: 'executions', secrets },
      { configPath, env: 'health', secrets: { ...cluster, DATABASE_URL: 'postgres://nobody:x@127.0.0.1:9/none' } },
      {
        config: {
          name: 'status-by-hyperdrive',
          main: 'functions/status.ts',
          compatibility_date: '2026-01-01',
          compatibility_flags: ['nodejs_compat'],
          vars: cluster,
          hyperdrive: [{ binding: 'HYPERDRIVE', id: 'local', localConnectionString: database.databaseUrl }],
        },
      },
    ],
  });
  await workers.listen();
}, 60_000);

afterAll(async () => {
  await workers?.close();
  await sandbox?.close();
  await database?.drop();
}, 30_000);

describe('functions deployed alone, in workerd', () => {
  it('scales a Deployment, and another worker answers the same execution', async () => {
    const request = {
      action: { action: 'scale-deployment', parameters: { replicas: 3 } },
      alert: { name: 'HighCPUUsage', severity: 'critical', namespace: 'production', resource: 'deployment/web-server' },
    };
    const before = await replicasOf('web-server');

    const executed = await send('executor-execute', '/api/v1/execute', request);
    const status = await send('executor-status', `/api/v1/status/${executed.body.action_id}`);
    const pooled = await send('status-by-hyperdrive', `/api/v1/status/${executed.body.action_id}`);

    expect(before).not.toBe(3);
    expect(executed.body).toMatchObject({ success: true, status: 'completed', changed: true, cluster: 'sandbox' });
    expect(await replicasOf('web-server')).toBe(3);
    expect(status.body).toEqual(executed.body);
    expect(pooled.body).toEqual(executed.body);
  });

  it('undoes it in a third worker', async () => {
    const { body } = await send('executor-execute', '/api/v1/execute', {
      action: 'scale_deployment',
      parameters: { namespace: 'production', resource_name: 'api', replicas: 4 },
    });
    const scaledTo = await replicasOf('api');

    const undone = await send('executor-executions', `/api/v1/executions/${body.action_id}/rollback`, {});

    expect(scaledTo).toBe(4);
    expect(undone.body).toMatchObject({ success: true, rollback_of: body.action_id });
    expect(await replicasOf('api')).toBe(body.changes[0].before['/spec/replicas']);
  });

  it('answers a bad request with a problem that points at the fault', async () => {
    const { status, headers, body } = await send('executor-execute', '/api/v1/execute', {
      action: { action: 3 },
      alert: { name: '' },
    });

    expect(status).toBe(422);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(body).toMatchObject({ code: 'validation_failed', trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(body.errors.map((fault: { pointer: string }) => fault.pointer).sort()).toEqual([
      '/action/action',
      '/alert/name',
    ]);
  });

  it("keeps the caller's trace", async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

    const { body } = await send('executor-status', '/api/v1/status/unheard-of', undefined, { traceparent });

    expect(body).toMatchObject({ code: 'execution_not_found', trace_id: '0af7651916cd43dd8448eb211c80319c' });
  });

  it('goes on with a run whose caller has left, to its end', async () => {
    const { url } = await workers.listen();
    const body = {
      action_id: 'caller-left',
      action: 'restart_deployment',
      parameters: { namespace: 'production', resource_name: 'api' },
    };

    // The first worker is the one that the address leads to.
    const left = await fetch(new URL('/api/v1/execute', url), {
      ...json(body),
      signal: AbortSignal.timeout(100),
    }).catch((error: Error) => error.name);

    expect(left).toBe('TimeoutError');
    await expect
      .poll(async () => (await send('executor-status', '/api/v1/status/caller-left')).body.status, { timeout: 15_000 })
      .toBe('completed');
  });

  it('tells that its database is away', async () => {
    const { status, body } = await send('executor-health', '/health');

    expect(status).toBe(503);
    expect(body).toMatchObject({
      status: 'unhealthy',
      checks: { database: { status: 'down' }, cluster: { status: 'up' } },
    });
  });

  it('leaves no connection to the database behind', async () => {
    const sql = postgres(database.databaseUrl, { max: 1 });
    const open = async () =>
      (
        await sql`select 1 from pg_stat_activity where application_name = 'executor-service' and datname = current_database()`
      ).length;

    await expect.poll(open, { timeout: 10_000 }).toBe(0);
    await sql.end();
  });
});

async function send(worker: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
  const response = await workers.getWorker(worker).fetch(path, body === undefined ? { headers } : json(body));
  return { status: response.status, headers: new Headers([...response.headers]), body: await response.json() };
}

function json(body: unknown): { method: string; headers: Record<string, string>; body: string } {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

async function replicasOf(deployment: string): Promise<number> {
  const response = await fetch(`${sandbox.url}/apis/apps/v1/namespaces/production/deployments/${deployment}`);
  const { status } = JSON.parse(await response.text());
  return status.readyReplicas;
}
