import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const run = promisify(execFile);
const root = new URL('../..', import.meta.url);

function printed(env: Record<string, string>) {
  return run(process.execPath, ['src/config/main.ts'], { cwd: root, env: { PATH: process.env.PATH, ...env } });
}

test('prints the settings in force with their origin and without secrets', async () => {
  const { stdout } = await printed({
    DATABASE_URL: 'postgres://me:hunter2@db/x?sslpassword=hunter2',
    DB_PASSWORD: 'hunter2',
    EXECUTOR_ACTIONS_LEASE: '40s',
  });

  expect(stdout).not.toContain('hunter2');
  expect(stdout).toContain('lease: 40s # EXECUTOR_ACTIONS_LEASE');
  expect(stdout).toMatch(/timeout: 30s # config\/executor-service.yaml:\d+/);
  expect(stdout).toContain('wait_for_slot: 10s # default');
  expect(stdout).toContain('url: postgres://me:***@db/x?sslpassword=*** # DATABASE_URL');
  expect(parse(stdout)).toMatchObject({ executor: { actions: { lease: '40s' }, database: { password: '***' } } });
});

test('prints the report of faults and fails', async () => {
  const failed = await printed({ EXECUTOR_ACTIONS_LEASE: 'x', EXECUTOR_SERVICE_PORT: 'y' }).catch(
    (error: unknown) => error,
  );

  expect(failed).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('has 2 faults') });
});
