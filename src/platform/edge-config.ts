import type { Config } from '../config/config.ts';
import { ConfigFaults, type Fault } from '../config/fault.ts';
import { loadConfig } from '../config/load-config.ts';
import { edgeClusterAccess, type EdgeClusterAccess } from './edge-cluster-access.ts';

/** What a worker allows is six connections at a time, the calls to the cluster included. */
const mostDatabaseConnections = 2;

/** The settings of a function on an edge runtime, from its bindings: variables, secrets and Hyperdrive. */
export interface EdgeConfig {
  config: Config;
  databaseUrl: string;
  access: EdgeClusterAccess;
}

/** Reads the bindings. Throws ConfigFaults with everything that is wrong, at once. */
export function edgeConfig(bindings: Record<string, unknown>): EdgeConfig {
  const faults: Fault[] = [];
  const { HYPERDRIVE: hyperdrive, ...others } = bindings;
  const texts = Object.fromEntries(
    Object.entries(others).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
  const env = { EXECUTOR_DATABASE_POOL: String(mostDatabaseConnections), ...texts, ...throughHyperdrive(hyperdrive) };
  if (hyperdrive && texts.DATABASE_URL)
    faults.push({ where: 'HYPERDRIVE', problem: 'names a database, and so does DATABASE_URL', allowed: 'one of them' });

  const config = configOf(env, faults);
  const access = edgeClusterAccess(bindings, faults);
  const database = config?.database.connection;
  if (database?.kind === 'embedded') {
    faults.push({
      where: 'DATABASE_URL',
      problem: 'is not set, and this runtime can not bring a database along',
      allowed: 'the secret DATABASE_URL, or a Hyperdrive binding called HYPERDRIVE',
    });
  }
  if (config?.kubernetes.connection.kind === 'kubeconfig') {
    faults.push({
      where: 'KUBECONFIG',
      problem: 'names a file, and this runtime has none',
      allowed:
        'KUBERNETES_SERVER, KUBERNETES_CLUSTER and the secret KUBERNETES_TOKEN (of a service account: kubectl create token)',
    });
  }
  if (!config || !access || database?.kind !== 'url' || faults.length > 0) throw new ConfigFaults(faults);
  return { config, databaseUrl: database.url, access };
}

/** Hyperdrive pools in transaction mode. */
function throughHyperdrive(binding: unknown): Record<string, string> {
  if (typeof binding !== 'object' || binding === null || !('connectionString' in binding)) return {};
  return { DATABASE_URL: String(binding.connectionString), EXECUTOR_DATABASE_POOLED: 'true' };
}

function configOf(env: Record<string, string>, faults: Fault[]): Config | undefined {
  try {
    return loadConfig({ env });
  } catch (error) {
    if (!(error instanceof ConfigFaults)) throw error;
    faults.push(...error.faults);
    return undefined;
  }
}
