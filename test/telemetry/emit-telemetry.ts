import { context, propagation } from '@opentelemetry/api';
import { loadConfig } from '../../src/config/load-config.ts';
import { processSources } from '../../src/config/process-sources.ts';
import { startTelemetry } from '../../src/platform/telemetry-node.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { traceId, withSpan } from '../../src/telemetry/tracing.ts';

// A process of its own that does a little of everything, writes its log lines to stdout, and then what it saw as one JSON line.
const config = loadConfig({ env: processSources().env });
const log = createLogger({ level: 'info', write: (line) => process.stdout.write(line) });
const telemetry = await startTelemetry({ config, version: '1.2.3', instanceId: 'one', log });
const metrics = createMetrics({
  meter: telemetry.meter,
  actions: ['scale_deployment'],
  slotsLimit: 10,
  circuitOpen: () => false,
  build: { version: '1.2.3', commit: 'abc' },
  readState: async () => ({
    running: 3,
    slotsInUse: 2,
    targetLocks: 1,
    queueDepth: 4,
    queueOldestSeconds: 1.5,
    approvalsPending: 2,
  }),
});

const parent = propagation.extract(context.active(), {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
});
const passedOn: Record<string, string> = {};
const inside = await context.with(parent, () =>
  withSpan({ name: 'request', attributes: { 'http.route': '/api/v1/execute' } }, async () => {
    await withSpan({ name: 'claim' }, async () => {
      throw new Error('postgres://me:hunter2@db/x is down');
    }).catch(() => log.info('claim failed', { password: 'hunter2' }));
    propagation.inject(context.active(), passedOn);
    return traceId();
  }),
);
const own = await withSpan({ name: 'loop' }, async () => traceId());

metrics.executions.add({ action: 'scale_deployment', status: 'succeeded', namespace: 'production', dry_run: false });
metrics.executions.add({ action: 'no_such_action', status: 'failed', namespace: 'a"b\n', dry_run: true });
metrics.executionDuration.record(0.2, { action: 'scale_deployment', status: 'succeeded' });
metrics.phaseDuration.record(0.01, { phase: 'plan' });
metrics.leaseRenewals.add({ outcome: 'renewed' });
metrics.settled.add({ outcome: 'failed' });
metrics.ruleVerdicts.add({ rule: 'last_node', verdict: 'deny' });
metrics.refusals.add({ code: 'target_busy' });
metrics.kubernetesRequests.add({ verb: 'get', resource: 'deployments', code: 200 });
metrics.kubernetesRequestDuration.record(0.003, { verb: 'get' });
metrics.databaseQueryDuration.record(0.001, { query: 'claim' });
metrics.httpRequestDuration.record(0.02, {
  http_route: '/health',
  http_request_method: 'GET',
  http_response_status_code: 200,
});

const text = await telemetry.metricsText();
await telemetry.shutdown();
process.stdout.write(`${JSON.stringify({ inside, own, passedOn, text })}\n`);
