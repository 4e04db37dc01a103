import { metrics } from '@opentelemetry/api';
import type { Runtime } from '../http/runtime.ts';
import { openRuntime } from '../runtime.ts';
import { createLogger } from '../telemetry/logger.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { connectEdgeCluster } from './edge-cluster.ts';
import { edgeConfig } from './edge-config.ts';
import { startEdgeTelemetry } from './edge-telemetry.ts';
import { timeOrderedId } from './time-ordered-id.ts';

/** Replaced by the bundler (`define` in wrangler.toml); without it the sources are what runs. */
declare const BUILD: { version: string; commit: string } | undefined;

/**
 * The service for one request on an edge runtime, which lets no request use a connection that another has opened. `close` ends
 * the connections to the database. Throws ConfigFaults with all that is wrong with the bindings.
 */
export async function openEdgeRuntime(
  bindings: Record<string, unknown>,
): Promise<{ runtime: Runtime; close(): Promise<void> }> {
  const { config, databaseUrl, access } = edgeConfig(bindings);
  startEdgeTelemetry();
  const { runtime, database } = await openRuntime({
    config,
    databaseUrl,
    connectCluster: async (told) => connectEdgeCluster(access, { ...config.kubernetes, ...told }),
    log: createLogger({ level: config.logLevel, write: (line) => console.log(line.trimEnd()) }),
    // Nobody scrapes a worker: without a provider the meter forgets everything.
    meter: metrics.getMeter('executor-service'),
    version: typeof BUILD === 'undefined' ? { version: packageFile.version, commit: 'source' } : BUILD,
    holder: `edge-${crypto.randomUUID().slice(0, 8)}`,
    newId: timeOrderedId,
  });
  if (!runtime.callers.authenticate) {
    runtime.warnings.push(
      'Callers are not authenticated: whoever reaches this worker can act. Keep Cloudflare Access or the like in front of it',
    );
  }
  return { runtime, close: () => database.close() };
}
