import type { Attributes, Meter } from '@opentelemetry/api';
import { createLabelBound } from './label-bound.ts';

/** What the database knows and no replica counts by itself; read when the metrics are. */
export type StateOfExecutions = {
  running: number;
  slotsInUse: number;
  targetLocks: number;
  queueDepth: number;
  queueOldestSeconds: number;
  approvalsPending: number;
};

export type MetricsOptions = {
  meter: Meter;
  /** The names of the actions; any other is counted as `other`. */
  actions: Iterable<string>;
  slotsLimit: number;
  build: { version: string; commit: string };
  /** Whether calls to the API server are kept back, because it was failing. */
  circuitOpen: () => boolean;
  /** Reads the state for the gauges; a scrape goes without them when it fails. */
  readState: () => Promise<StateOfExecutions>;
};

type LabelValue = string | number | boolean;

/** Counts one event with all of its labels. */
export type Counter<Label extends string> = { add(labels: Record<Label, LabelValue>): void };

/** Notes how long something took, in seconds. */
export type Duration<Label extends string> = { record(seconds: number, labels: Record<Label, LabelValue>): void };

/** Upper bounds in seconds: of a statement, of a call or a request, of a step, of a whole execution. */
const statement = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const call = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const phase = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
const execution = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600];

/** Every metric of the service. A metric that is not here does not exist. */
export function createMetrics(options: MetricsOptions) {
  const { meter, actions, slotsLimit, build, circuitOpen, readState } = options;
  const bound = createLabelBound({ known: { action: new Set(actions) } });
  const state = {
    running: meter.createObservableGauge('executor_executions_running', {
      description: 'Executions under way, over all replicas.',
    }),
    slotsInUse: meter.createObservableGauge('executor_slots_in_use', {
      description: 'Slots taken, over all replicas.',
    }),
    targetLocks: meter.createObservableGauge('executor_target_locks', {
      description: 'Targets that an execution holds, over all replicas.',
    }),
    queueDepth: meter.createObservableGauge('executor_queue_depth', {
      description: 'Queued executions whose time has come, over all replicas.',
    }),
    queueOldestSeconds: meter.createObservableGauge('executor_queue_oldest_seconds', {
      description: 'How long the first of the queued executions has waited since its time came.',
    }),
    approvalsPending: meter.createObservableGauge('executor_approvals_pending', {
      description: 'Executions that wait for a person to agree, over all replicas.',
    }),
  };
  meter.addBatchObservableCallback(async (result) => {
    const read = await readState();
    result.observe(state.running, read.running);
    result.observe(state.slotsInUse, read.slotsInUse);
    result.observe(state.targetLocks, read.targetLocks);
    result.observe(state.queueDepth, read.queueDepth);
    result.observe(state.queueOldestSeconds, read.queueOldestSeconds);
    result.observe(state.approvalsPending, read.approvalsPending);
  }, Object.values(state));
  meter
    .createObservableGauge('executor_slots_limit', {
      description: 'Executions that may be under way at one time, over all replicas.',
    })
    .addCallback((result) => result.observe(slotsLimit));
  meter
    .createObservableGauge('executor_circuit_open', {
      description: 'Whether this replica keeps calls back from an API server that was failing: 1, else 0.',
    })
    .addCallback((result) => result.observe(circuitOpen() ? 1 : 0));
  meter
    .createObservableGauge('executor_build_info', { description: 'Always 1; the labels say what is running.' })
    .addCallback((result) => result.observe(1, build));

  return {
    executions: counter('executor_executions_total', 'Executions that ended, by how.', [
      'action',
      'status',
      'namespace',
      'dry_run',
    ]),
    executionDuration: duration(
      'executor_execution_duration_seconds',
      'From the claim of an execution to its record.',
      ['action', 'status'],
      execution,
    ),
    phaseDuration: duration('executor_phase_duration_seconds', 'One phase of an execution.', ['phase'], phase),
    leaseRenewals: counter(
      'executor_lease_renewals_total',
      'Attempts to renew the lease of an execution, by how they ended.',
      ['outcome'],
    ),
    settled: counter('executor_settled_total', 'Executions settled whose replica had fallen silent, by how.', [
      'outcome',
    ]),
    ruleVerdicts: counter('executor_rule_verdicts_total', 'Answers of the safety rules.', ['rule', 'verdict']),
    refusals: counter('executor_refusals_total', 'Requests that were refused, by the code of the problem.', ['code']),
    kubernetesRequests: counter(
      'executor_kubernetes_requests_total',
      'Calls to the Kubernetes API, by the code of the answer or `error`.',
      ['verb', 'resource', 'code'],
    ),
    kubernetesRequestDuration: duration(
      'executor_kubernetes_request_duration_seconds',
      'One call to the Kubernetes API.',
      ['verb'],
      call,
    ),
    databaseQueryDuration: duration(
      'executor_database_query_duration_seconds',
      'One statement, with the way to the database.',
      ['query'],
      statement,
    ),
    httpRequestDuration: duration(
      'http_server_request_duration_seconds',
      'One HTTP request to this service.',
      ['http_route', 'http_request_method', 'http_response_status_code'],
      call,
    ),
  };

  function counter<const Label extends string>(
    name: string,
    description: string,
    labels: readonly Label[],
  ): Counter<Label> {
    const instrument = meter.createCounter(name, { description });
    return { add: (values) => instrument.add(1, bounded(labels, values)) };
  }

  function duration<const Label extends string>(
    name: string,
    description: string,
    labels: readonly Label[],
    boundaries: number[],
  ): Duration<Label> {
    const instrument = meter.createHistogram(name, {
      description,
      unit: 's',
      advice: { explicitBucketBoundaries: boundaries },
    });
    return { record: (seconds, values) => instrument.record(seconds, bounded(labels, values)) };
  }

  function bounded<Label extends string>(labels: readonly Label[], values: Record<Label, LabelValue>): Attributes {
    const attributes: Attributes = {};
    for (const label of labels) attributes[label] = bound(label, String(values[label]));
    return attributes;
  }
}

export type Metrics = ReturnType<typeof createMetrics>;
