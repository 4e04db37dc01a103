import { randomUUID } from 'node:crypto';
import { metrics } from '@opentelemetry/api';
import type { Hono } from 'hono';
import postgres, { type Sql } from 'postgres';
import { inject } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { tick } from '../../src/executor/loop.ts';
import { gateway } from '../../src/gateway.ts';
import type { Runtime } from '../../src/http/runtime.ts';
import type { ClusterAccess } from '../../src/platform/kubernetes-access.ts';
import { createCluster } from '../../src/kubernetes/client.ts';
import type { Fetch } from '../../src/kubernetes/transport.ts';
import { openKubernetesCredentials } from '../../src/platform/kubernetes-credentials.ts';
import { openRuntime } from '../../src/runtime.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { accessUnderTest } from './cluster.ts';
import { databaseAccess } from './database-access.ts';
import { lenientRules } from './lenient-rules.ts';

/** An answer, its JSON read. */
export interface Answer {
  status: number;
  headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever was answered
  body: any;
}

/** One replica behind its front door. */
export interface Replica {
  app: Hono;
  runtime: Runtime;
  logLines: string[];
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  put(path: string, body: unknown): Promise<Answer>;
  /** POST /api/v1/execute of the workflow service's shape. */
  execute(action: string, parameters: Record<string, unknown>, more?: Record<string, unknown>): Promise<Answer>;
  /** One step of the replica's loop. */
  tick(): Promise<void>;
  stop(): void;
}

export interface Service extends Replica {
  /** The service's own database. */
  sql: Sql;
  databaseUrl: string;
  /** Another replica on the same database and cluster. */
  replica(options?: ReplicaOptions): Promise<Replica>;
  close(): Promise<void>;
}

export interface ReplicaOptions {
  /** Settings as their EXECUTOR_ variables. */
  env?: Record<string, string>;
  access?: ClusterAccess;
  /** The name under which the audit log knows this replica's calls; `executor-service` without one. */
  userAgent?: string;
  /** Stands between the replica and the API server, to force a fault. */
  faults?: (send: Fetch) => Fetch;
}

/** The service on a fresh database and the cluster under test. What remembers what was done is off, unless the test sets it. */
export async function startService(options: ReplicaOptions = {}): Promise<Service> {
  const { databaseUrl, drop } = await createDatabase();
  const closers: (() => Promise<unknown>)[] = [];
  const open = async (more: ReplicaOptions) => {
    const { replica, close } = await openReplica(databaseUrl, {
      ...options,
      ...more,
      env: { ...options.env, ...more.env },
    });
    closers.push(close);
    return replica;
  };
  const first = await open({});
  const sql = postgres(databaseUrl, { max: 2, onnotice: () => undefined });
  return {
    ...first,
    sql,
    databaseUrl,
    replica: (more = {}) => open(more),
    async close() {
      for (const close of closers) await close();
      await sql.end();
      await drop();
    },
  };
}

/** A database of one's own, copied from the migrated one. */
export async function createDatabase(): Promise<{ databaseUrl: string; drop: () => Promise<void> }> {
  const url = new URL(inject('postgresUrl'));
  const template = url.pathname.slice(1);
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const admin = postgres(new URL('/postgres', url).href, { max: 1, onnotice: () => undefined });
  // Copies of one template wait for each other; a connection to it in that moment is an error.
  for (let attempt = 0; ; attempt += 1) {
    try {
      await admin.unsafe(`create database ${name} template "${template}" strategy file_copy`);
      break;
    } catch (error) {
      if (attempt > 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  const drop = async () => {
    await admin.unsafe(`drop database if exists ${name} with (force)`);
    await admin.end();
  };
  return { databaseUrl: new URL(`/${name}`, url).href, drop };
}

async function openReplica(
  databaseUrl: string,
  { env = {}, access, userAgent, faults = (send) => send }: ReplicaOptions,
) {
  const given = { ...databaseAccess(databaseUrl), ...lenientRules, ...env };
  const config = loadConfig({ env: given });
  const logLines: string[] = [];
  const log = createLogger({ level: 'debug', write: (line) => logLines.push(line) });
  const closers: (() => Promise<void>)[] = [];
  const { runtime, database, stop } = await openRuntime({
    config,
    databaseUrl: given.DATABASE_URL,
    log,
    async connectCluster(told) {
      const credentials = await openKubernetesCredentials(access ?? (await accessUnderTest()), {
        environment: process.env,
      });
      closers.push(() => credentials.close());
      const { name, server, authorize, connect } = credentials;
      return createCluster({
        name,
        server,
        authorize,
        connect,
        fetch: faults((url, init) => credentials.fetch(url, init)),
        timeoutMs: config.kubernetes.timeoutMs,
        retryAttempts: config.kubernetes.retryAttempts,
        ...told,
        ...(userAgent ? { userAgent } : {}),
      });
    },
    meter: metrics.getMeter('test'),
    version: { version: 'test', commit: 'test' },
    holder: `replica-${randomUUID().slice(0, 8)}`,
    newId: () => randomUUID(),
  });
  const app = gateway(runtime);
  const send = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await app.request(path, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : parsed(text) };
  };
  const post: Replica['post'] = (path, body, headers = {}) =>
    send(path, {
      method: 'POST',
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const replica: Replica = {
    app,
    runtime,
    logLines,
    get: (path, headers = {}) => send(path, { headers }),
    post,
    put: (path, body) =>
      send(path, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    execute: (action, parameters, more = {}) => post('/api/v1/execute', { action, parameters, ...more }),
    tick: () => tick(runtime.executor, new AbortController().signal),
    stop,
  };
  const close = async () => {
    await database.close();
    for (const closeOne of closers) await closeOne();
  };
  return { replica, close };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
