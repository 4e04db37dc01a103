import type { ApiRequest } from './api-request.ts';
import type { CallOptions, Cluster, PatchType } from './cluster.ts';
import { startDeadline } from './deadline.ts';
import type { Deadline } from './deadline.ts';
import { createDiscovery } from './discovery.ts';
import { execRequest, readExec, resultOf } from './exec.ts';
import { kindOf } from './kinds.ts';
import type { ResourceKind } from './kinds.ts';
import { listObjects } from './list-objects.ts';
import type { ObjectReference } from './object.ts';
import { parentOfSubresource, refuseOtherUid } from './object-identity.ts';
import { readNothing, readObject } from './read-answer.ts';
import { queryString, resourcePath } from './resource-paths.ts';
import { readBody } from './response-body.ts';
import type { FetchResponse } from './response-body.ts';
import { createTransport } from './transport.ts';
import type { TransportOptions } from './transport.ts';
import { watchObjects } from './watch-objects.ts';

export interface ClusterOptions extends Omit<TransportOptions, 'userAgent' | 'random'> {
  /** The audit log's name for this client, and the field manager of its writes. */
  userAgent?: string;
  /** Spreads retries; gives a number from 0 to 1. */
  random?: () => number;
}

/**
 * The cluster behind an address, over a fetch that the runtime hands in. Web standards only.
 *
 *     const cluster = createCluster({ name: 'sandbox', server, fetch, authorize: () => ({}), timeoutMs: 30_000, retryAttempts: 3 });
 *     await cluster.get({ apiVersion: 'v1', kind: 'Node', name: 'node-1' });
 */
export function createCluster(options: ClusterOptions): Cluster {
  const userAgent = options.userAgent ?? 'executor-service';
  const server = addressOf(options.server);
  const { send, circuit } = createTransport({ ...options, server, userAgent, random: options.random ?? Math.random });
  const discover = createDiscovery((path, deadline) => {
    const request: ApiRequest = { verb: 'get', method: 'GET', path };
    return send(request, deadline, (response) => readObject(request, response));
  });

  return {
    name: options.name,
    server,

    get(reference, call = {}) {
      const parameters = { resourceVersion: call.remembered ? '0' : undefined };
      const build = (resource: ResourceKind) => objectRequest('get', resource, reference, call.subresource, parameters);
      return perform(reference, call, build, async (request, response) => {
        const object = await readObject(request, response);
        refuseOtherUid(request, reference, object);
        return object;
      });
    },

    list(query, call = {}) {
      return within(call, async (deadline) => {
        const resource = await resourceOf(query, deadline);
        return listObjects({ send, resource, query, options: call, deadline });
      });
    },

    watch(query, resourceVersion, call) {
      return watchObjects({
        send,
        server,
        query,
        resourceVersion,
        options: call,
        openingMs: options.timeoutMs,
        resourceOf: (deadline) => resourceOf(query, deadline),
      });
    },

    patch(reference, { type, body, subresource, fieldManager, force }, call = {}) {
      const parameters = {
        dryRun: call.dryRun && 'All',
        fieldManager: fieldManager ?? (type === 'apply' && userAgent),
        force,
      };
      const build = (resource: ResourceKind) => ({
        ...objectRequest('patch', resource, reference, subresource, parameters),
        contentType: patchContentTypes[type],
        body: JSON.stringify(body),
      });
      return perform(reference, call, build, readObject);
    },

    create(object, call = {}) {
      const { subresource, dryRun } = call;
      const { namespace, name } = object.metadata;
      const build = (resource: ResourceKind): ApiRequest => ({
        verb: 'create',
        method: 'POST',
        path:
          resourcePath(resource, { namespace, name: subresource && name, subresource }) +
          queryString({ dryRun: dryRun && 'All' }),
        resource,
        subresource,
        namespace,
        name,
        ...jsonBody(object),
      });
      return perform(parentOfSubresource(subresource) ?? object, call, build, readObject);
    },

    delete(reference, call = {}) {
      const { gracePeriodSeconds, propagationPolicy, resourceVersion } = call;
      const build = (resource: ResourceKind) => ({
        ...objectRequest('delete', resource, reference),
        ...jsonBody({
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          gracePeriodSeconds,
          propagationPolicy,
          preconditions: { uid: call.uid ?? reference.uid, resourceVersion },
          dryRun: call.dryRun ? ['All'] : undefined,
        }),
      });
      return perform(reference, call, build, readNothing);
    },

    evict(pod, call = {}) {
      const { name, namespace } = pod;
      const { gracePeriodSeconds, dryRun } = call;
      const build = (resource: ResourceKind) => ({
        ...objectRequest('create', resource, pod, 'eviction', { dryRun: dryRun && 'All' }),
        ...jsonBody({
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name, namespace },
          deleteOptions: { gracePeriodSeconds, preconditions: { uid: call.uid ?? pod.uid } },
        }),
      });
      return perform(pod, call, build, readNothing);
    },

    logs(pod, call = {}) {
      const { container, previous, tailLines, sinceSeconds, limitBytes = largestLogBytes } = call;
      const parameters = { container, previous, tailLines, sinceSeconds, limitBytes };
      const build = (resource: ResourceKind) => ({
        ...objectRequest('get', resource, pod, 'log', parameters),
        accept: '*/*',
      });
      return perform(pod, call, build, (_request, response) => readBody(response, limitBytes));
    },

    async exec(pod, command, call = {}) {
      const { container, limitBytes = keptOutputBytes } = call;
      return within(call, async (deadline) => {
        const request = execRequest(pod, command, container);
        const ending = await send(request, deadline, (response) => readExec(request, response, deadline, limitBytes));
        // Judged outside the transport, which repeats what failed: the command has run.
        return resultOf(request, ending);
      });
    },

    circuit: () => circuit.state(),

    async version(call = {}) {
      const request: ApiRequest = { verb: 'get', method: 'GET', path: '/version' };
      const read = (response: FetchResponse) => readObject(request, response);
      const { gitVersion, major, minor } = await within(call, (deadline) => send(request, deadline, read));
      return { gitVersion: String(gitVersion), major: String(major), minor: String(minor) };
    },
  };

  function perform<T>(
    target: { apiVersion: string; kind: string },
    call: CallOptions,
    build: (resource: ResourceKind) => ApiRequest,
    read: (request: ApiRequest, response: FetchResponse) => Promise<T>,
  ): Promise<T> {
    return within(call, async (deadline) => {
      // Built-in kinds are known without waiting.
      const request = build(kindOf(target.apiVersion, target.kind) ?? (await resourceOf(target, deadline)));
      return send(request, deadline, (response) => read(request, response));
    });
  }

  function resourceOf(
    { apiVersion, kind }: { apiVersion: string; kind: string },
    deadline: Deadline,
  ): Promise<ResourceKind> {
    return discover(apiVersion, kind, deadline);
  }

  async function within<T>(call: CallOptions, run: (deadline: Deadline) => Promise<T>): Promise<T> {
    const deadline = startDeadline(call.timeoutMs ?? options.timeoutMs, call.signal);
    try {
      return await run(deadline);
    } finally {
      deadline.release();
    }
  }
}

const patchContentTypes: Record<PatchType, string> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** What one answer may hold of a log that nobody bounded. */
const largestLogBytes = 16 * 1024 * 1024;

/** What is kept of each stream of a command that nobody bounded. */
const keptOutputBytes = 64 * 1024;

const methods = { get: 'GET', patch: 'PATCH', create: 'POST', delete: 'DELETE' } as const;

function objectRequest(
  verb: keyof typeof methods,
  resource: ResourceKind,
  { namespace, name }: ObjectReference,
  subresource?: string,
  parameters: Parameters<typeof queryString>[0] = {},
): ApiRequest {
  const path = resourcePath(resource, { namespace, name, subresource }) + queryString(parameters);
  return { verb, method: methods[verb], path, resource, subresource, namespace, name };
}

function jsonBody(body: object): { contentType: string; body: string } {
  return { contentType: 'application/json', body: JSON.stringify(body) };
}

/** Without credentials, query and a slash at the end. */
function addressOf(server: string): string {
  const url = new URL(server);
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}
