import { readFile } from 'node:fs/promises';
import { Agent, ProxyAgent } from 'undici';
import type { Dispatcher } from 'undici';

import type { Connect } from '../kubernetes/socket.ts';
import type { Authorize, Fetch } from '../kubernetes/transport.ts';
import type { ClusterAccess, Material } from './kubernetes-access.ts';
import { runExecPlugin } from './kubernetes-exec-plugin.ts';
import { pooledConnect } from './pooled-connect.ts';
import { pooledFetch } from './pooled-fetch.ts';

/** What `createCluster` needs of a cluster, kept fresh. */
export interface KubernetesCredentials {
  readonly name: string;
  readonly server: string;
  /** The connection pool of the moment; another one after the certificates changed. */
  readonly dispatcher: Dispatcher;
  readonly fetch: Fetch;
  readonly connect: Connect;
  readonly authorize: Authorize;
  /** Ends the connections, after what is under way. */
  close(): Promise<void>;
}

/**
 * Reads the credentials and opens the one pool of connections that all requests share. Files are read again every minute,
 * a plug-in is run again before what it gave expires, and both after a 401. When a certificate has changed, new
 * requests go over a new pool and the old one closes after its last. Rejects where the first reading fails.
 */
export async function openKubernetesCredentials(
  access: ClusterAccess,
  { environment, now = Date.now }: { environment: Record<string, string | undefined>; now?: () => number },
): Promise<KubernetesCredentials> {
  let current = await readCredentials(access, environment, now);
  let readAt = now();
  let dispatcher = createDispatcher(access, current);
  let reading: Promise<void> | undefined;

  return {
    name: access.name,
    server: access.server,
    get dispatcher() {
      return dispatcher;
    },
    fetch: pooledFetch(() => dispatcher),
    connect: pooledConnect(() => dispatcher),
    authorize(options) {
      const due = now() >= current.freshUntil || (options?.refresh === true && now() - readAt >= shortestMs);
      if (!due) return current.headers;
      reading ??= readAgain().finally(() => (reading = undefined));
      return reading.then(() => current.headers);
    },
    close: () => dispatcher.close(),
  };

  async function readAgain(): Promise<void> {
    let next: Credentials;
    try {
      next = await readCredentials(access, environment, now);
    } catch (error) {
      // Half-way through a rotation, or a plug-in whose own server is away: what we have may be good yet.
      if (now() >= current.expiresAt) throw error;
      current = { ...current, freshUntil: now() + retryAfterMs };
      return;
    }
    const changed =
      next.authority !== current.authority || next.certificate !== current.certificate || next.key !== current.key;
    current = next;
    readAt = now();
    if (!changed) return;
    const old = dispatcher;
    dispatcher = createDispatcher(access, current);
    void old.close();
  }
}

/** Everything read at one moment. */
interface Credentials {
  headers: Record<string, string>;
  authority: string | undefined;
  certificate: string | undefined;
  key: string | undefined;
  /** When to read again; both in milliseconds since 1970. */
  freshUntil: number;
  /** When it is certainly of no use any more. */
  expiresAt: number;
}

/** As client-go does for the service account's token, which is rotated with hours to spare. */
const fileAgeMs = 60_000;
/** A token that expires on its way to the server is a 401. */
const earlierMs = 30_000;
/** A plug-in that hands out what has nearly expired, or a storm of 401s, does not make it run for each request. */
const shortestMs = 1_000;
const retryAfterMs = 5_000;

async function readCredentials(
  access: ClusterAccess,
  environment: Record<string, string | undefined>,
  now: () => number,
): Promise<Credentials> {
  const [authority, certificate, key, token] = await Promise.all([
    readMaterial(access.authority),
    readMaterial(access.certificate),
    readMaterial(access.key),
    readMaterial(access.token),
  ]);
  const plugin = access.exec && (await runExecPlugin(access.exec, { ...access, authority }, environment));
  const readsFiles = [access.authority, access.certificate, access.key, access.token].some(
    (material) => material && 'file' in material,
  );
  const expiresAt = plugin?.expiresAt ?? Infinity;
  const freshUntil = Math.min(readsFiles && !plugin ? now() + fileAgeMs : Infinity, expiresAt - earlierMs);
  return {
    headers: headersOf(access, plugin?.token ?? token?.trim()),
    authority,
    certificate: plugin?.certificate ?? certificate,
    key: plugin?.key ?? key,
    freshUntil: Math.max(freshUntil, now() + shortestMs),
    expiresAt,
  };
}

async function readMaterial(material: Material | undefined): Promise<string | undefined> {
  if (!material) return undefined;
  return 'text' in material ? material.text : readFile(material.file, 'utf8');
}

function headersOf({ basic, impersonate }: ClusterAccess, token: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  if (token) headers['authorization'] = `Bearer ${token}`;
  else if (basic) {
    headers['authorization'] = `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}`;
  }
  if (impersonate) headers['impersonate-user'] = impersonate;
  return headers;
}

function createDispatcher(access: ClusterAccess, { authority, certificate, key }: Credentials): Dispatcher {
  const tls = {
    ca: authority,
    cert: certificate,
    key,
    servername: access.tlsServerName,
    rejectUnauthorized: !access.skipTlsVerify,
    timeout: 5_000,
  };
  const pool = {
    // Each watch holds one; the rest is for requests in flight.
    connections: 64,
    // HTTP/1.1 was as fast or faster (GET + PATCH, 1 and 10 in flight), and one broken connection breaks one request.
    allowH2: false,
    // Below the API server's 90 s and any load balancer's 60 s: a write on a connection that is just being closed is lost.
    keepAliveTimeout: 30_000,
    keepAliveMaxTimeout: 30_000,
    // Deadlines are the caller's; a watch may be silent for minutes.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  return access.proxyUrl
    ? new ProxyAgent({ ...pool, uri: access.proxyUrl, requestTls: tls, proxyTls: { timeout: tls.timeout } })
    : new Agent({ ...pool, connect: tls });
}
