import type { Meter } from '@opentelemetry/api';
import { actions } from './actions/registry.ts';
import { accessReviews } from './callers/access-reviews.ts';
import { authenticator } from './callers/authenticator.ts';
import { roleTable } from './callers/role-table.ts';
import type { Config } from './config/config.ts';
import { createDatabaseClock } from './database/clock.ts';
import { connectDatabase, type Database } from './database/connect.ts';
import { namespacesOfHistory } from './database/executions.ts';
import { readGauges } from './database/gauges.ts';
import { watchCancellations } from './executor/cancellations.ts';
import { missingRights } from './executor/missing-rights.ts';
import { neededPermissions, whoMayCall } from './executor/needed-permissions.ts';
import { ownRights } from './executor/own-rights.ts';
import { createPlaces } from './executor/places.ts';
import { createWakeUp } from './executor/wake-up.ts';
import type { Runtime } from './http/runtime.ts';
import type { Cluster } from './kubernetes/cluster.ts';
import type { ClusterOptions } from './kubernetes/client.ts';
import { circuitObserver } from './observers/circuit-observer.ts';
import { executorObserver } from './observers/executor-observer.ts';
import { kubernetesObserver } from './observers/kubernetes-observer.ts';
import { requestObserver } from './observers/request-observer.ts';
import { statementObserver } from './observers/statement-observer.ts';
import { rules } from './policy/rules.ts';
import type { Logger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';

/** Runs from the queue that one replica has under way. */
const mostQueuedRuns = 16;

/** What differs between hosts: a server hands in its connection pool and its files, an edge runtime what it has. */
export interface Host {
  config: Config;
  databaseUrl: string;
  /** Connects to the cluster; every call goes through the observer, and a change of its circuit is told. */
  connectCluster(told: ClusterTold): Promise<Cluster>;
  log: Logger;
  meter: Meter;
  /** Prometheus text, where the host can give it. */
  metricsText?: () => Promise<{ contentType: string; text: string }>;
  version: { version: string; commit: string };
  /** This process, in the record. */
  holder: string;
  newId(): string;
}

/** Who is told of what goes on between the service and the cluster. */
export type ClusterTold = Pick<ClusterOptions, 'observe' | 'onCircuit'>;

export interface OpenRuntime {
  runtime: Runtime;
  database: Database;
  /** From here on no new run begins. */
  stop(): void;
  /** From here on what is under way is given up, for another replica to settle. */
  handOver(): void;
}

/** The one place that constructs things: from the settings and what the host gives to what every endpoint uses. */
export async function openRuntime(host: Host): Promise<OpenRuntime> {
  const { config, log, version, holder, newId } = host;
  const metrics = createMetrics({
    meter: host.meter,
    actions: [...actions.map(({ name }) => name), 'rollback'],
    slotsLimit: config.actions.maxConcurrent,
    build: version,
    circuitOpen: () => cluster.circuit() !== undefined,
    readState: () => readGauges(database),
  });
  const database = connectDatabase({
    url: host.databaseUrl,
    pool: config.database.pool,
    pooled: config.database.pooled,
    observe: statementObserver(metrics),
  });
  const cluster = await host.connectCluster({ observe: kubernetesObserver(metrics), onCircuit: circuitObserver(log) });
  const stopping = new AbortController();
  const handOver = new AbortController();
  const clock = createDatabaseClock();
  const wakeUp = createWakeUp();
  const mayService = ownRights(cluster);
  const server = { cluster, now: () => clock.now() };
  const runtime: Runtime = {
    executor: {
      cluster,
      database,
      settings: config,
      actions,
      mayService,
      holder,
      observer: executorObserver(metrics, log),
      cancellations: watchCancellations(database),
      wakeUp,
      // Where replicas listen, the commit of an end tells those that something can begin.
      places: createPlaces(mostQueuedRuns, { freed: () => wakeUp.ring(), tellsAll: config.database.pooled }),
      stopping: stopping.signal,
      handOver: handOver.signal,
      newId,
      clock,
      now: () => clock.now(),
    },
    callers: {
      authenticate: authenticator(config.auth, server),
      rightsOf:
        config.auth.authorization === 'roles'
          ? roleTable(config.auth.roles)
          : accessReviews({
              server,
              settings: config.auth,
              namespacesOfHistory: () => namespacesOfHistory(database),
            }),
      rateLimit: config.rateLimit,
    },
    version,
    kept: () => ({ historyMs: config.database.historyMs, now: clock.now() }),
    warnings: [],
    missingRights: missingRights(mayService, {
      needs: neededPermissions(actions, rules).filter(({ by }) => by !== whoMayCall || asksOfCallers(config)),
      told: (warning) => log.warn(warning),
    }),
    stopping: () => stopping.signal.aborted,
    observeRequest: requestObserver(metrics),
    metrics: config.monitoring.enableMetrics ? host.metricsText : undefined,
    refused: (code) => metrics.refusals.add({ code }),
    fault: (error, request) => log.error(`${request.method} ${new URL(request.url).pathname} failed`, { error }),
  };
  return { runtime, database, stop: () => stopping.abort(), handOver: () => handOver.abort() };
}

/** Whether callers are known, or their rights found, by the API server. */
function asksOfCallers({ auth }: Config): boolean {
  return auth.token_review.enabled || auth.authorization === 'access_review';
}
