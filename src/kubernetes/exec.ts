import { statusError } from './answer-error.ts';
import { describeRequest } from './api-request.ts';
import type { ApiRequest } from './api-request.ts';
import type { ExecResult } from './cluster.ts';
import type { Deadline } from './deadline.ts';
import { KubernetesError } from './errors.ts';
import { boundedOutput } from './exec-output.ts';
import { exitCodeOf, isSuccess } from './exec-status.ts';
import { kindOf } from './kinds.ts';
import type { ObjectReference } from './object.ts';
import { queryString, resourcePath } from './resource-paths.ts';
import type { ConnectResponse } from './socket.ts';

/** The request for a WebSocket to a command in a container: each argument is a parameter of its own. */
export function execRequest(
  pod: ObjectReference,
  command: readonly string[],
  container: string | undefined,
): ApiRequest {
  const resource = kindOf('v1', 'Pod');
  if (!resource || command.length === 0) throw new KubernetesError('invalid', 'A command needs an executable');
  const { namespace, name } = pod;
  const path = resourcePath(resource, { namespace, name, subresource: 'exec' });
  const query = queryString({ container, stdout: true, stderr: true, command });
  return {
    verb: 'connect',
    method: 'GET',
    path: path + query,
    protocols: ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
    resource,
    subresource: 'exec',
    namespace,
    name,
  };
}

/** Both streams as far as they are kept, and the Status by which the server tells the end. */
export interface ExecEnding {
  status: unknown;
  stdout: ExecResult['stdout'];
  stderr: ExecResult['stderr'];
}

/** Of every message the first byte is the channel. Versions 4 and 5 differ only in how a client closes its stdin. */
const channels = { stdout: 1, stderr: 2, status: 3 } as const;

/** Reads until the Status has come; the deadline closes the socket. Throws `interrupted` where it ends without one. */
export async function readExec(
  request: ApiRequest,
  { socket }: ConnectResponse,
  deadline: Deadline,
  limitBytes: number,
): Promise<ExecEnding> {
  if (!socket) throw new KubernetesError('notSupported', `${describeRequest(request)}: the server opened no WebSocket`);
  const stdout = boundedOutput(limitBytes);
  const stderr = boundedOutput(limitBytes);
  const reader = socket.messages.getReader();
  // Closing ends the reading below; most runtimes let the command itself run on.
  const abort = () => void reader.cancel().catch(() => undefined);
  deadline.signal.addEventListener('abort', abort, { once: true });
  try {
    if (deadline.ended()) throw new Error('over before it began');
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Error('the connection was closed before the command told its end');
      const content = value.subarray(1);
      if (value[0] === channels.stdout) stdout.add(content);
      else if (value[0] === channels.stderr) stderr.add(content);
      else if (value[0] === channels.status)
        return { status: parsed(content), stdout: stdout.output(), stderr: stderr.output() };
    }
  } finally {
    deadline.signal.removeEventListener('abort', abort);
    abort();
  }
}

/** How the command ended, or the error for one that was never started. */
export function resultOf(request: ApiRequest, { status, stdout, stderr }: ExecEnding): ExecResult {
  if (isSuccess(status)) return { exitCode: 0, stdout, stderr };
  const ended = exitCodeOf(status, stderr.text);
  if (ended === undefined) throw neverStarted(request, status);
  const { exitCode, message } = ended;
  if (!message) return { exitCode, stdout, stderr };
  // What the runtime says instead of the command, which could say nothing.
  return { exitCode, stdout, stderr: { ...stderr, text: stderr.text + message } };
}

/** A container that is not there or does not run is told as the kubelet's own failure, which it is not. */
function neverStarted(request: ApiRequest, status: unknown): KubernetesError {
  const error = statusError(request, status);
  if (!/container not found|container .* is not running|not created or running/i.test(error.message)) return error;
  return new KubernetesError('invalid', error.message, { cause: error });
}

/** The server leaves its kind out. */
function parsed(content: Uint8Array): unknown {
  const text = new TextDecoder().decode(content);
  try {
    const status: unknown = JSON.parse(text);
    if (typeof status === 'object' && status !== null) return { ...status, kind: 'Status' };
  } catch {
    // Told below in its own words.
  }
  return { kind: 'Status', status: 'Failure', code: 500, message: text };
}
