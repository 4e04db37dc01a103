import type { AuthSettings } from './auth-settings.ts';
import type { DatabaseConnection } from './database-connection.ts';
import type { KubernetesConnection } from './kubernetes-connection.ts';
import type { LogLevel } from './log-level.ts';
import type { RuleSettings } from './rule-settings.ts';
import type { Settings } from './settings.ts';
import type { TelemetryExport } from './telemetry-export.ts';

/** The settings in force, checked; durations are milliseconds. Holds secrets: `npm run config` is the way to show it. */
export type Config = {
  servicePort: number;
  serviceHost: string;
  kubernetes: { connection: KubernetesConnection; timeoutMs: number; retryAttempts: number };
  actions: {
    dryRun: boolean;
    maxConcurrent: number;
    cooldownPeriodMs: number;
    executionTimeoutMs: number;
    leaseMs: number;
    shutdownTimeoutMs: number;
    waitForSlotMs: number;
    execPaths: string[];
  };
  database: { connection: DatabaseConnection; pooled: boolean; pool: number; historyMs: number; idempotencyMs: number };
  auth: AuthSettings;
  rateLimit: { requests: number; perMs: number };
  safety: {
    enableCooldown: boolean;
    enableValidation: boolean;
    /** Ask a person before each execution that changes something. */
    requireConfirmation: boolean;
    approval: { fromRisk: 'never' | 'low' | 'medium' | 'high' | 'critical'; expiresAfterMs: number };
    rules: RuleSettings;
  };
  monitoring: { enableMetrics: boolean; metricsPort: number; enableTracing: boolean };
  logLevel: LogLevel;
  telemetry: TelemetryExport;
};

/** The settings under the names that the code uses, with what was decided from several of them. */
export function configOf(
  settings: Settings,
  decided: {
    database: DatabaseConnection;
    kubernetes: KubernetesConnection;
    logLevel: LogLevel;
    telemetry: TelemetryExport;
  },
): Config {
  const { kubernetes, actions, database, safety, monitoring } = settings;
  return {
    servicePort: settings.service_port,
    serviceHost: settings.service_host,
    kubernetes: {
      connection: decided.kubernetes,
      timeoutMs: kubernetes.timeout,
      retryAttempts: kubernetes.retry_attempts,
    },
    actions: {
      dryRun: actions.dry_run,
      maxConcurrent: actions.max_concurrent,
      cooldownPeriodMs: actions.cooldown_period,
      executionTimeoutMs: actions.execution_timeout,
      leaseMs: actions.lease,
      shutdownTimeoutMs: actions.shutdown_timeout,
      waitForSlotMs: actions.wait_for_slot,
      execPaths: actions.exec_paths,
    },
    database: {
      connection: decided.database,
      pooled: database.pooled,
      pool: database.pool,
      historyMs: database.history,
      idempotencyMs: database.idempotency,
    },
    auth: settings.auth,
    rateLimit: { requests: settings.rate_limit.requests, perMs: settings.rate_limit.per },
    safety: {
      enableCooldown: safety.enable_cooldown,
      enableValidation: safety.enable_validation,
      requireConfirmation: safety.require_confirmation,
      approval: { fromRisk: safety.approval.from_risk, expiresAfterMs: safety.approval.expires_after },
      rules: safety.rules,
    },
    monitoring: {
      enableMetrics: monitoring.enable_metrics,
      metricsPort: monitoring.metrics_port,
      enableTracing: monitoring.enable_tracing,
    },
    logLevel: decided.logLevel,
    telemetry: decided.telemetry,
  };
}
