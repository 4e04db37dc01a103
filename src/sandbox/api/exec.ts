import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { createContainers } from '../exec/containers.ts';
import { storageOf } from '../kinds/kind.ts';
import { pods } from '../kinds/pod.ts';
import { as } from '../resource.ts';
import type { Container, Pod } from '../shapes.ts';
import type { Store } from '../store/store.ts';
import type { Target } from './request.ts';
import { badRequest, notFound } from './status-error.ts';
import { acceptWebSocket } from './web-socket.ts';

const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

/** The pod and container that a command is for. Throws a StatusError: 404, or 400 for a container that is not there. */
export function execTarget(store: Store, { namespace, name = '' }: Target, query: URLSearchParams): [Pod, Container] {
  const found = store.get(storageOf(pods), namespace, name);
  if (!found) throw notFound(pods, name);
  const pod = as<Pod>(found);
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? []), ...(pod.spec.ephemeralContainers ?? [])];
  const asked = query.get('container') ?? '';
  const container = asked ? all.find((entry) => entry.name === asked) : all[0];
  if (!container) throw badRequest(`container ${asked} is not valid for pod ${name}`);
  if (!asked && all.length > 1) {
    const names = all.map((entry) => entry.name).join(' ');
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names}]`);
  }
  if (!pod.spec.nodeName) throw badRequest(`pod ${name} does not have a host assigned`);
  return [pod, container];
}

/** The newest of the client's subprotocols that the sandbox speaks. */
export function protocolOf(request: IncomingMessage): string | undefined {
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((part) => part.trim());
  return offered.find((protocol) => protocols.includes(protocol));
}

/** Runs the command of the query and sends what it prints, each stream on its channel, and how it ended on channel 3. */
export async function execute(
  containers: ReturnType<typeof createContainers>,
  [pod, container]: [Pod, Container],
  query: URLSearchParams,
  connection: { request: IncomingMessage; socket: Duplex; head: Buffer; protocol: string },
): Promise<void> {
  const closed = Promise.withResolvers<void>();
  const end = acceptWebSocket(connection.request, connection.socket, { ...connection, closed: closed.resolve });
  const [toOut, toErr] = ['stdout', 'stderr'].map((stream) => ['true', '1'].includes(query.get(stream) ?? ''));
  const finish = (status: object): void => {
    end.send(STATUS, JSON.stringify(status));
    end.close();
  };
  end.send(toOut ? STDOUT : STATUS, '');
  if (!toOut && !toErr)
    return finish(failure('unable to upgrade connection: you must specify at least 1 of stdin, stdout, stderr'));
  if (!isRunning(pod, container))
    return finish(failure(`unable to upgrade connection: container not found ("${container.name}")`));
  const command = query.getAll('command');
  const running = containers.run(pod, container, command, {
    out: (text) => (toOut ? end.send(STDOUT, text) : undefined),
    err: (text) => (toErr ? end.send(STDERR, text) : undefined),
  });
  if (running === undefined) {
    const name = JSON.stringify(command[0] ?? '');
    return finish(
      failure(
        `error executing command in container: failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: exec: ${name}: executable file not found in $PATH`,
      ),
    );
  }
  // Who leaves early leaves the command running, as on a node.
  const code = await Promise.race([running, closed.promise]);
  if (code !== undefined) finish(statusOf(command, code));
}

function isRunning(pod: Pod, container: Container): boolean {
  const statuses = [...(pod.status.containerStatuses ?? []), ...(pod.status.ephemeralContainerStatuses ?? [])];
  return (
    pod.status.phase === 'Running' && statuses.some(({ name, state }) => name === container.name && state?.running)
  );
}

function statusOf(command: string[], code: number): object {
  if (code === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: error executing command [${command.join(' ')}], exit code ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
}

function failure(message: string): object {
  return {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${message}`,
    reason: 'InternalError',
    details: { causes: [{ message }] },
    code: 500,
  };
}
