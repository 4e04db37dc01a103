import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

test('without an exporter nothing is sent, and traces have ids: the caller’s, or one of our own', async () => {
  const { seen, lines } = await emit({});

  expect(seen.inside).toBe('0af7651916cd43dd8448eb211c80319c');
  expect(seen.passedOn.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
  expect(seen.own).toMatch(/^[0-9a-f]{32}$/);
  expect(seen.own).not.toBe(seen.inside);
  expect(lines).toEqual([
    expect.objectContaining({ message: 'claim failed', trace_id: seen.inside, password: '[redacted]' }),
  ]);
});

test('the metrics are in Prometheus’ format, with help, bounded labels and the state of the database', async () => {
  const { text } = (await emit({})).seen;
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const families = new Set(samples.map((line) => line.replace(/[{ ].*/, '').replace(/_(bucket|sum|count)$/, '')));

  expect(families).toEqual(
    new Set([
      'executor_approvals_pending',
      'executor_circuit_open',
      'executor_executions_running',
      'executor_queue_depth',
      'executor_queue_oldest_seconds',
      'executor_slots_in_use',
      'executor_target_locks',
      'executor_slots_limit',
      'executor_build_info',
      'executor_executions_total',
      'executor_execution_duration_seconds',
      'executor_phase_duration_seconds',
      'executor_lease_renewals_total',
      'executor_settled_total',
      'executor_rule_verdicts_total',
      'executor_refusals_total',
      'executor_kubernetes_requests_total',
      'executor_kubernetes_request_duration_seconds',
      'executor_database_query_duration_seconds',
      'http_server_request_duration_seconds',
    ]),
  );
  for (const family of families)
    expect(text).toMatch(new RegExp(`# HELP ${family} [A-Z].*\\.\n(# UNIT .*\n)?# TYPE ${family} `));
  expect(samples).toContain('executor_executions_running 3');
  expect(samples).toContain(
    'executor_executions_total{action="scale_deployment",status="succeeded",namespace="production",dry_run="false"} 1',
  );
  expect(samples).toContain(
    'executor_executions_total{action="other",status="failed",namespace="a\\"b\\n",dry_run="true"} 1',
  );
  expect(text).not.toMatch(/otel_scope|target_info/);
});

test.runIf(hasPromtool)('promtool finds nothing in them', async () => {
  const { text } = (await emit({})).seen;

  const output = execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });

  expect(output).toBe('');
});

test('metrics that are switched off are empty', async () => {
  const { seen } = await emit({ EXECUTOR_MONITORING_ENABLE_METRICS: 'false' });

  expect(seen.text).toBe('');
});

test('with an endpoint traces, metrics and logs are sent there, without secrets', async () => {
  await using collector = await receive();

  const { seen, lines } = await emit({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  });
  const spans = findAll(collector.received('/v1/traces'), 'traceId');
  const request = spans.find((span) => span.name === 'request');
  const claim = spans.find((span) => span.name === 'claim');
  const records = findAll(collector.received('/v1/logs'), 'severityNumber');

  expect(request).toMatchObject({ traceId: seen.inside, parentSpanId: 'b7ad6b7169203331' });
  expect(claim).toMatchObject({
    traceId: seen.inside,
    parentSpanId: request?.spanId,
    status: { code: 2, message: 'postgres://me:[redacted]@db/x is down' },
  });
  expect(JSON.stringify(collector.received('/v1/traces'))).toContain(
    '"service.version","value":{"stringValue":"1.2.3"}',
  );
  expect(JSON.stringify(collector.received('/v1/metrics'))).toContain('executor_executions_total');
  expect(records).toContainEqual(
    expect.objectContaining({ body: { stringValue: 'claim failed' }, traceId: seen.inside }),
  );
  expect(JSON.stringify(collector.all())).not.toContain('hunter2');
  expect(seen.text).toContain('executor_executions_total');
  expect(lines.map((line) => line.message)).toEqual([
    'Telemetry is exported as the OTEL_ variables say',
    'claim failed',
  ]);
});

test('only what is asked for is sent, and tracing can be switched off', async () => {
  await using collector = await receive();

  await emit({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_LOGS_EXPORTER: 'none',
    EXECUTOR_MONITORING_ENABLE_TRACING: 'false',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  });

  expect(collector.paths()).toEqual(['/v1/metrics']);
});

test('a collector that is down costs a line in the log and no more', async () => {
  const { lines } = await emit({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
  });

  expect(lines.length).toBeLessThan(5);
  expect(JSON.stringify(lines)).toMatch(/OpenTelemetry has a problem|Some telemetry was not exported/);
}, 20_000);

type Seen = { inside: string; own: string; passedOn: Record<string, string>; text: string };

async function emit(env: Record<string, string>): Promise<{ seen: Seen; lines: Record<string, unknown>[] }> {
  const { stdout, stderr } = await run(process.execPath, [join(import.meta.dirname, 'emit-telemetry.ts')], {
    env: { PATH: process.env.PATH, ...env },
  });
  expect(stderr).toBe('');
  const lines = stdout.trim().split('\n');
  // What OpenTelemetry has to say comes as log lines; the fixture's own line has no level.
  const parsed: Record<string, unknown>[] = lines.map((line) => JSON.parse(line));
  const seen: Seen = JSON.parse(lines.find((line) => line.startsWith('{"inside"')) ?? 'null');
  return { seen, lines: parsed.filter((line) => 'level' in line) };
}

async function receive() {
  const requests: { path: string; body: unknown }[] = [];
  // oxlint-disable-next-line typescript/no-misused-promises -- the server of a test; what fails fails the test
  const server = createServer(async (request, response) => {
    requests.push({ path: request.url ?? '', body: await json(request) });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    received: (path: string) => requests.filter((request) => request.path === path).map((request) => request.body),
    paths: () => [...new Set(requests.map((request) => request.path))],
    all: () => requests,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

/** Every object below that has the key. */
function findAll(value: unknown, key: string): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.values(value).flatMap((inner) => findAll(inner, key));
  return key in value ? [{ ...value }, ...below] : below;
}
