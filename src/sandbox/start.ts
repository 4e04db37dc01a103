import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { serve } from '@hono/node-server';
import { createApp } from './api/app.ts';
import { openAuditLog } from './api/audit.ts';
import { createUpgrade } from './api/upgrade.ts';
import { controllers } from './controllers/all.ts';
import { runControllers } from './controllers/run-controllers.ts';
import { plantNamespaces } from './seed/namespaces.ts';
import { plantShop } from './seed/shop.ts';
import { plantStorageClasses } from './seed/storage-classes.ts';
import { Store } from './store/store.ts';

export interface SandboxOptions {
  /** Default: 127.0.0.1. There is no authentication, so nothing else is a good idea. */
  host?: string;
  /** 0 (the default) takes any free port. */
  port?: number;
  /** Puts the small shop and three nodes into it. Default: true; without it there are only the namespaces that every cluster has. */
  seed?: boolean;
  /** File to which audit.k8s.io/v1 events are appended, one JSON line each. */
  auditLog?: string;
  /** Changes kept for watches that start in the past (10,000); from further back they are told 410. */
  historyLimit?: number;
  now?: () => Date;
  log?: (message: string) => void;
}

export interface Sandbox {
  /** `http://127.0.0.1:<port>`, for kubectl --server and clients. */
  url: string;
  port: number;
  /** How many watches are open. */
  watches(): number;
  /** Ends watches and timers and frees the port. What was in the cluster is gone: it lives in memory only. */
  close(): Promise<void>;
}

/** Starts an embedded Kubernetes cluster: an API server over plain HTTP and the controllers behind it. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = '127.0.0.1', port = 0, seed = true, auditLog, log = console.error } = options;
  const store = new Store({
    now: options.now ?? (() => new Date()),
    uuid: randomUUID,
    ...(options.historyLimit ? { historyLimit: options.historyLimit } : {}),
  });
  const audit = auditLog ? openAuditLog(auditLog) : undefined;
  const closing = new AbortController();
  plantNamespaces(store);
  plantStorageClasses(store);
  const stopControllers = runControllers(store, controllers, log);
  if (seed) plantShop(store);
  const given = { store, closing: closing.signal, log, ...(audit ? { audit } : {}) };
  const app = createApp(given);
  const server = serve({ fetch: app.fetch, hostname: host, port });
  server.on('upgrade', createUpgrade(given));
  await Promise.race([once(server, 'listening'), once(server, 'error').then(([error]) => Promise.reject(error))]);
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    // One listener is the controllers'.
    watches: () => store.listeners - 1,
    async close() {
      closing.abort();
      stopControllers();
      const closed = once(server, 'close');
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
      await audit?.close();
    },
  };
}
