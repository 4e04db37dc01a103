import type { KubernetesError } from './errors.ts';

/** One attempt to call the API server, as tracing, metrics and the audit of permissions see it. */
export interface TransportCall {
  /** The cluster's name. */
  cluster: string;
  /**
   * As RBAC says it: get, list, watch, patch, create, delete; `get` for paths that are no resource. `connect` is the API
   * server's own word for a WebSocket, which RBAC takes as get and create.
   */
  verb: 'get' | 'list' | 'watch' | 'patch' | 'create' | 'delete' | 'connect';
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** The whole URL: without credentials, but with the names of objects. */
  url: string;
  /** Empty for the core group, and for paths that are no resource. */
  apiGroup: string;
  /** The plural, or the path where it is no resource (`/version`). */
  resource: string;
  subresource: string | undefined;
  namespace: string | undefined;
  name: string | undefined;
  /** 1 for the first; more when it was repeated. */
  attempt: number;
}

/** What became of the attempt; where there was no whole answer, `send` rejects with a KubernetesError instead. */
export interface TransportOutcome {
  status: number;
  /** Set when the status is a refusal. */
  error?: KubernetesError | undefined;
}

/**
 * Wraps every HTTP attempt: calls `send` exactly once, within its span or timer, and gives back what it gave.
 * Headers handed to `send` go along (`traceparent`). A watch's attempt ends when the stream opens, all others
 * when the body is read.
 */
export type TransportObserver = <T extends TransportOutcome>(
  call: TransportCall,
  send: (headers?: Record<string, string>) => Promise<T>,
) => Promise<T>;
