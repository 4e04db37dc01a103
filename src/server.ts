import { serve } from '@hono/node-server';
import { ConfigFaults } from './config/fault.ts';
import { loadConfig } from './config/load-config.ts';
import { processSources } from './config/process-sources.ts';
import { queueChannel, stopsChannel } from './database/listen.ts';
import { runLoop } from './executor/loop.ts';
import { gateway } from './gateway.ts';
import { mount } from './http/mount.ts';
import metrics from '../functions/metrics.ts';
import { openNodeHost } from './platform/node.ts';
import { startBanner } from './platform/start-banner.ts';
import { openRuntime } from './runtime.ts';

/** How long requests that hold nothing may take to end once the runs are over. */
const closeTimeoutMs = 2_000;
/** How long what is given up may take to stop, and to be written. */
const handOverTimeoutMs = 3_000;
/** How soon it looks which rights it lacks. */
const rightsAfterMs = 500;

/** Starts the service on this machine: 8084 for callers, 9094 for metrics; stops gracefully on SIGTERM and SIGINT. */
async function start(): Promise<void> {
  const config = loadConfig(processSources());
  // Until there is something to end gracefully, a signal ends the start: it may be waiting for PostgreSQL.
  let end: (signal: NodeJS.Signals) => Promise<void> = async () => process.exit(0);
  process.on('SIGTERM', () => void end('SIGTERM'));
  process.on('SIGINT', () => void end('SIGINT'));
  const host = await openNodeHost(config);
  const { runtime, database, stop, handOver } = await openRuntime(host);
  const { stopping, wakeUp, cancellations } = runtime.executor;
  const loop = runLoop(runtime.executor, stopping);
  const ears = [
    database.listen(queueChannel, () => wakeUp.ring()),
    database.listen(stopsChannel, () => cancellations.lookNow()),
  ];
  const underWay = new Set<Promise<unknown>>();

  const app = gateway(runtime);
  const server = await listen(
    (request) => {
      const answered = Promise.resolve(app.fetch(request));
      underWay.add(answered);
      void answered.finally(() => underWay.delete(answered));
      return answered;
    },
    config.serviceHost,
    config.servicePort,
  );
  const { enableMetrics, metricsPort } = config.monitoring;
  const scrape = enableMetrics
    ? await listen(mount([metrics.routes], runtime).fetch, config.serviceHost, metricsPort)
    : undefined;
  const { cluster } = runtime.executor;
  host.log.info('Listening', {
    address: `http://${config.serviceHost}:${server.port}`,
    ...(scrape ? { metrics: `http://${config.serviceHost}:${scrape.port}/metrics` } : {}),
    cluster: cluster.name,
    api_server: cluster.server,
    ...host.version,
  });
  for (const warning of runtime.warnings) host.log.warn(warning);
  // Some two hundred questions, for the log: the first requests come before them.
  const asking = setTimeout(() => void runtime.missingRights.find(), rightsAfterMs);
  if (host.embedded.length > 0)
    process.stdout.write(startBanner({ port: server.port, embedded: host.embedded, cluster: cluster.name }));

  let ending = false;
  end = async (signal) => {
    if (ending) process.exit(1);
    ending = true;
    clearTimeout(asking);
    host.log.info(`Stopping: ${signal}`, { under_way: underWay.size });
    // The loop begins nothing more, and waits for the runs that it has begun.
    stop();
    const ended = Promise.allSettled([...underWay, loop]);
    await withinTime(ended, config.actions.shutdownTimeoutMs);
    handOver();
    await withinTime(ended, handOverTimeoutMs);
    // It asks Postgres, which may be away.
    await withinTime(Promise.all(ears.map((ear) => ear.close())), closeTimeoutMs);
    await Promise.all([server.close(), scrape?.close()]);
    // The last export reads gauges from the database, so it goes first.
    await host.flush();
    await database.close();
    await host.close();
    process.exit(0);
  };
}

interface Listening {
  port: number;
  close(): Promise<void>;
}

function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  hostname: string,
  port: number,
): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname, port }, (info) => resolve({ port: info.port, close }));
    const close = async () => {
      await withinTime(new Promise((closed) => server.close(closed)), closeTimeoutMs);
    };
    server.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(
              `Port ${port} of ${hostname} is taken; set another (EXECUTOR_SERVICE_PORT, EXECUTOR_MONITORING_METRICS_PORT)`,
            )
          : error,
      ),
    );
  });
}

async function withinTime(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]).finally(() =>
    clearTimeout(timer),
  );
}

start().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof ConfigFaults ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(1);
});
