import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { staticCallers } from '../http/static-callers.ts';
import { startProcess } from '../support/process.ts';
import { createDatabase } from '../support/service.ts';

/** The process itself: `npm start` on an address that others can reach. */

let database: Awaited<ReturnType<typeof createDatabase>>;

beforeAll(async () => {
  database = await createDatabase();
});

afterAll(async () => {
  await database.drop();
});

async function refused(env: Record<string, string>): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, ['src/server.ts'], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      DATABASE_URL: database.databaseUrl,
      KUBECONFIG: process.env.KUBECONFIG ?? inject('sandboxKubeconfig'),
      EXECUTOR_SERVICE_PORT: '0',
      EXECUTOR_MONITORING_METRICS_PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const late = setTimeout(() => child.kill('SIGKILL'), 50_000);
  const [code] = await once(child, 'close').finally(() => clearTimeout(late));
  return { code, said };
}

test.each(['0.0.0.0', '::', '192.0.2.1'])(
  'on %s and without a mode of auth it does not start, says what to set, and never listens',
  async (EXECUTOR_SERVICE_HOST) => {
    const { code, said } = await refused({ EXECUTOR_SERVICE_HOST });

    expect(code).toBe(1);
    expect(said).toContain(`executor.service_host is ${EXECUTOR_SERVICE_HOST}, which others can reach`);
    expect(said).toContain('auth.token_review.enabled, auth.jwt and auth.tokens');
    expect(said).not.toContain('"address"');
  },
);

test('on loopback and without a mode it starts, and is reached from nowhere else', async () => {
  const replica = await startProcess(database.databaseUrl);
  try {
    const answer = await fetch(`${replica.url}/api/v1/executions`);

    expect(answer.status).toBe(200);
    expect(new URL(replica.url).hostname).toMatch(/^(127\.0\.0\.1|localhost|\[::1\])$/);
  } finally {
    await replica.kill();
  }
});

test('with a mode it listens where others reach it, and answers nobody unknown', async () => {
  const { env, tokens } = staticCallers({ ada: { role: 'viewer' } });
  const replica = await startProcess(database.databaseUrl, { ...env, EXECUTOR_SERVICE_HOST: '0.0.0.0' });
  const others = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const host = others.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
  const url = `http://${host}:${new URL(replica.url).port}/api/v1/executions`;
  try {
    const unknown = await fetch(url);
    const known = await fetch(url, { headers: { authorization: `Bearer ${tokens.ada}` } });

    expect([unknown.status, known.status]).toEqual([401, 200]);
    expect(unknown.headers.get('www-authenticate')).toBe('Bearer');
  } finally {
    await replica.kill();
  }
});
