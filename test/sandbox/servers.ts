import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { parse } from 'yaml';
import { type Sandbox, startSandbox } from '../../src/sandbox/start.ts';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  // Tests look into answers of every shape; each says by its assertions what it expects there.
  // oxlint-disable-next-line no-explicit-any
  body: any;
}

export interface Call {
  contentType?: string;
  accept?: string;
  body?: unknown;
}

/** A Kubernetes API server that a test talks to in plain HTTP. */
export interface Server {
  name: string;
  url: string;
  call(method: string, path: string, call?: Call): Promise<Answer>;
  /** Runs a command in a pod by WebSocket; `query` is what follows `/exec?`. */
  exec(pod: string, query: string, protocols?: string): Promise<Executed>;
  close(): Promise<void>;
}

/** What came of a command: a refusal's status and body, or for 101 what came on each channel. */
export interface Executed {
  status: number;
  protocol?: string;
  stdout: string;
  stderr: string;
  // oxlint-disable-next-line no-explicit-any
  body: any;
}

export const MERGE = 'application/merge-patch+json';
export const STRATEGIC = 'application/strategic-merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';
export const APPLY = 'application/apply-patch+yaml';

export async function sandboxServer(
  options: Parameters<typeof startSandbox>[0] = {},
): Promise<Server & { sandbox: Sandbox }> {
  const sandbox = await startSandbox({ seed: false, ...options });
  return {
    name: 'sandbox',
    url: sandbox.url,
    sandbox,
    call: (method, path, call) => send({ url: sandbox.url, tls: {} }, method, path, call),
    exec: (pod, query, protocols) => exec({ url: sandbox.url, tls: {} }, `${pod}/exec?${query}`, protocols),
    close: () => sandbox.close(),
  };
}

/** The API server that KUBECONFIG names, by its client certificate; undefined where there is none. */
export function realServer(): Server | undefined {
  const file = process.env.KUBECONFIG;
  if (!file) return undefined;
  const config = parse(readFileSync(file, 'utf8'));
  const { server, 'certificate-authority': ca } = config.clusters[0].cluster;
  const user = config.users[0].user;
  if (!ca || !user['client-certificate']) return undefined;
  const tls = {
    ca: readFileSync(ca),
    cert: readFileSync(user['client-certificate']),
    key: readFileSync(user['client-key']),
  };
  return {
    name: 'real',
    url: server,
    call: (method, path, call) => send({ url: server, tls }, method, path, call),
    exec: (pod, query, protocols) => exec({ url: server, tls }, `${pod}/exec?${query}`, protocols),
    close: async () => {},
  };
}

function send(server: { url: string; tls: object }, method: string, path: string, call: Call = {}): Promise<Answer> {
  const { url, tls } = server;
  const payload =
    call.body === undefined ? undefined : typeof call.body === 'string' ? call.body : JSON.stringify(call.body);
  const headers: Record<string, string> = { accept: call.accept ?? 'application/json' };
  if (payload !== undefined) headers['content-length'] = String(Buffer.byteLength(payload));
  const contentType = call.contentType ?? (payload === undefined ? '' : 'application/json');
  if (contentType) headers['content-type'] = contentType;
  const request = url.startsWith('https') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, headers, ...tls, timeout: 10_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parsed(text) });
      });
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path} took longer than 10 s`)));
    sent.end(payload);
  });
}

function exec(
  server: { url: string; tls: object },
  path: string,
  protocols = 'v5.channel.k8s.io, v4.channel.k8s.io',
): Promise<Executed> {
  const { url, tls } = server;
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
    'sec-websocket-protocol': protocols,
  };
  const request = url.startsWith('https') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { headers, ...tls, timeout: 10_000 });
    const collect = (stream: Readable, done: (bytes: Buffer) => Executed): void => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        resolve(done(Buffer.concat(chunks)));
        stream.destroy();
      });
      stream.on('error', reject);
    };
    sent.on('response', (response) =>
      collect(response, (bytes) => ({
        status: response.statusCode ?? 0,
        stdout: '',
        stderr: '',
        body: parsed(bytes.toString()),
      })),
    );
    sent.on('upgrade', (response, socket, head) => {
      socket.unshift(head);
      collect(socket, (bytes) => {
        const [stdout = '', stderr = '', status = ''] = [1, 2, 3].map((channel) => contentOf(bytes, channel));
        const protocol = String(response.headers['sec-websocket-protocol']);
        return { status: 101, protocol, stdout, stderr, body: parsed(status) };
      });
    });
    sent.on('error', reject);
    sent.on('timeout', () => sent.destroy(new Error(`${path} took longer than 10 s`)));
    sent.end();
  });
}

/** What the server's frames carry of one channel, of which a message's first byte tells. */
function contentOf(bytes: Buffer, channel: number): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const short = bytes.readUInt8(at + 1);
    const start = at + (short === 126 ? 4 : short === 127 ? 10 : 2);
    const size = short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? bytes.readUInt32BE(at + 6) : short;
    const payload = bytes.subarray(start, start + size);
    if ((bytes.readUInt8(at) & 15) !== 8 && payload[0] === channel) parts.push(payload.subarray(1));
    at = start + size;
  }
  return Buffer.concat(parts).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Asks again every 20 ms until the answer is what the test waits for; fails after the time with the last one seen. */
export async function eventually<T>(
  ask: () => Promise<T>,
  right: (value: T) => boolean,
  withinMs = 30_000,
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const value = await ask();
    if (right(value)) return value;
    if (Date.now() > end)
      throw new Error(`not reached within ${withinMs} ms; last seen: ${JSON.stringify(value)?.slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A namespace and a node of a test's own; `clear` takes both away. */
export interface Home {
  namespace: string;
  node: string;
  clear(): Promise<void>;
}

/** The node takes no pods but those that bear its taint and ask for it: other tests may be on the same server. */
export async function homeOn(server: Server, prefix: string): Promise<Home> {
  const namespace = `${prefix}-${randomBytes(4).toString('hex')}`;
  const node = namespace;
  const metadata = { name: node, labels: { 'kubernetes.io/hostname': node } };
  await expectCreated(
    server.call('POST', '/api/v1/nodes', {
      body: { metadata, spec: { taints: [{ key: 'test', value: node, effect: 'NoSchedule' }] } },
    }),
  );
  await expectCreated(server.call('POST', '/api/v1/namespaces', { body: { metadata: { name: namespace } } }));
  await eventually(
    () => server.call('GET', `/api/v1/namespaces/${namespace}/serviceaccounts/default`),
    (answer) => answer.status === 200,
  );
  const isReady = (answer: Answer): boolean =>
    answer.body.status?.conditions?.some(
      (condition: { type: string; status: string }) => condition.type === 'Ready' && condition.status === 'True',
    ) ?? false;
  await eventually(() => server.call('GET', `/api/v1/nodes/${node}`), isReady, 15_000);
  return {
    namespace,
    node,
    async clear() {
      await server.call('DELETE', `/api/v1/namespaces/${namespace}`);
      await eventually(
        () => server.call('GET', `/api/v1/namespaces/${namespace}`),
        (answer) => answer.status === 404,
        25_000,
      );
      await server.call('DELETE', `/api/v1/nodes/${node}`);
    },
  };
}

async function expectCreated(sent: Promise<Answer>): Promise<void> {
  const answer = await sent;
  if (answer.status !== 201) throw new Error(`expected 201, got ${answer.status}: ${answer.text}`);
}

/** A Deployment of one container, as a manifest. */
export function deploymentOf(
  name: string,
  replicas: number,
  rest: { image?: string; node?: string; annotations?: Record<string, string>; spec?: Record<string, unknown> } = {},
): Record<string, unknown> {
  const labels = { app: name };
  const placed = rest.node
    ? { nodeSelector: { 'kubernetes.io/hostname': rest.node }, tolerations: [{ operator: 'Exists' }] }
    : {};
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, ...(rest.annotations ? { annotations: rest.annotations } : {}) },
        spec: { ...placed, containers: [{ name: 'main', image: rest.image ?? 'shop/app:1' }] },
      },
      ...rest.spec,
    },
  };
}
