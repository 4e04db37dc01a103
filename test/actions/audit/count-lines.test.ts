import { expect, test } from 'vitest';
import { accessFailureIn } from '../../../src/actions/audit/access-failure.ts';
import { countLines } from '../../../src/actions/audit/count-lines.ts';
import { levelOf } from '../../../src/actions/audit/log-level.ts';

test.each([
  ['{"level":"error","msg":"x"}', 'error'],
  ['{"time":"2026","severity": "WARNING","message":"INFO is not what this is"}', 'warning'],
  ['level=info msg="an ERROR was mended"', 'info'],
  ['E0102 15:04:05.000000 1 main.go:1] x', 'error'],
  ['W0102 15:04:05.000000 1 main.go:1] x', 'warning'],
  ['2026-11-25 10:00:00,123 [main] FATAL com.example - x', 'fatal'],
  ['[DEBUG] x', 'debug'],
  ['INFO started', 'info'],
  ['information about errors', 'other'],
  ['10.0.0.1 - - "GET /errors HTTP/1.1" 200 12', 'other'],
])('%s is %s', (line, level) => {
  expect(levelOf(line)).toBe(level);
});

test.each([
  ['WARN authentication failed for user admin', 'authentication'],
  ['Failed password for root from 10.0.0.1 port 22 ssh2', 'authentication'],
  ['FATAL:  password authentication failed for user "app"', 'authentication'],
  ['invalid credentials', 'authentication'],
  ['the token has expired', 'authentication'],
  ['10.0.0.1 - - "GET /admin HTTP/1.1" 401 12', 'authentication'],
  ['status=401 path=/x', 'authentication'],
  ['Unauthorized', 'authentication'],
  ['open /etc/shadow: permission denied', 'authorisation'],
  ['deployments.apps is forbidden: User "x" cannot list resource', 'authorisation'],
  ['10.0.0.1 - - "GET /admin HTTP/1.1" 403 12', 'authorisation'],
  ['user 7 is not authorized to delete', 'authorisation'],
  ['RBAC: access denied', 'authorisation'],
  ['authentication of user admin succeeded', undefined],
  ['served 401 requests in 403 ms', undefined],
  ['invalid JSON', undefined],
  ['connection refused: db:5432', undefined],
])('%s tells of %s', (line, failure) => {
  expect(accessFailureIn(line)).toBe(failure);
});

test('the newest lines of each kind are quoted, cut, and without secrets', () => {
  const lines = Array.from({ length: 9 }, (_, index) => `ERROR login failed, password=hunter${index}`);
  const text = [...lines, `ERROR ${'x'.repeat(9_000)}`, '', 'INFO ok'].join('\n');

  const counts = countLines([{ pod: 'web', container: 'app', text }], 'all');
  const security = countLines([{ pod: 'web', container: 'app', text }], 'security');

  expect(counts).toMatchObject({ lines: 11, levels: { error: 10, info: 1 }, authentication: { count: 9 } });
  expect(counts.authentication.samples).toHaveLength(5);
  expect(counts.errors.samples.at(-1)?.line).toHaveLength(403);
  expect(JSON.stringify(counts)).not.toContain('hunter');
  expect(security).toMatchObject({ errors: { count: 10, samples: [] }, authentication: { count: 9 } });
});

test('a line that is made to be slow is not', () => {
  const began = performance.now();

  for (const line of ['authentication '.repeat(50_000), 'failed '.repeat(50_000), `${'a '.repeat(200_000)}denied`]) {
    accessFailureIn(line);
    levelOf(line);
  }

  expect(performance.now() - began).toBeLessThan(10_000);
});
