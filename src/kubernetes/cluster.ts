import type { OpenCircuit } from './circuit.ts';
import type { KubernetesObject, ObjectReference } from './object.ts';

/** The four ways the API server takes a PATCH; each is a content type of its own. */
export type PatchType = 'merge' | 'strategic' | 'json' | 'apply';

/** Given with every call: a call that leaves the process has a deadline, and ends when its signal does. */
export interface CallOptions {
  signal?: AbortSignal;
  /** At most this long for the whole call, retries included. Default: `kubernetes.timeout` of the configuration. */
  timeoutMs?: number;
}

export interface GetOptions extends CallOptions {
  subresource?: string;
  /** From the API server's memory, without a question to its store: cheaper, and perhaps a little outdated. */
  remembered?: boolean;
}

/** What a write may say besides its body. */
export interface WriteOptions extends CallOptions {
  /** Sent with `dryRun=All`: admitted and validated, not stored. */
  dryRun?: boolean;
}

/** Which objects to list or watch. */
export interface ObjectQuery {
  apiVersion: string;
  kind: string;
  /** Absent: all namespaces (or a cluster-scoped kind). */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface ObjectList<T extends KubernetesObject = KubernetesObject> {
  items: T[];
  /** Where a watch goes on from. */
  resourceVersion: string;
  /** There are more than the `limit` asked for. */
  more: boolean;
}

export interface ListOptions extends CallOptions {
  /** At most this many items in all; without it the list is read to its end, page by page. */
  limit?: number;
  /** Only `metadata` of each object: smaller and faster (PartialObjectMetadataList). */
  metadataOnly?: boolean;
}

/** One message of a watch. After the last, list again or go on from the last version seen. */
export type WatchEvent =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubernetesObject }
  | { type: 'BOOKMARK'; resourceVersion: string };

export interface DeleteOptions extends WriteOptions {
  /** Only if the object still has this UID (409 otherwise). */
  uid?: string;
  resourceVersion?: string;
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

export interface EvictOptions extends WriteOptions {
  uid?: string;
  gracePeriodSeconds?: number;
}

export interface LogOptions extends CallOptions {
  container?: string;
  previous?: boolean;
  tailLines?: number;
  sinceSeconds?: number;
  /** The server stops after this many bytes. */
  limitBytes?: number;
}

export interface ExecOptions extends CallOptions {
  /** Which container; needed where the pod has several and names none as its default. */
  container?: string;
  /** How much of each stream is kept, from its beginning (64 KiB); the rest is counted. */
  limitBytes?: number;
}

/** What a command said on one of its two streams. */
export interface ExecOutput {
  text: string;
  /** How much it said in all. */
  bytes: number;
  /** There was more than is kept in `text`. */
  truncated: boolean;
}

/** How a command ended. 127 (no such executable) and 126 (not to be executed) as in a shell, whatever the runtime says. */
export interface ExecResult {
  exitCode: number;
  stdout: ExecOutput;
  stderr: ExecOutput;
}

export interface ServerVersion {
  gitVersion: string;
  major: string;
  minor: string;
}

/**
 * One Kubernetes cluster, any kind of object by its reference. Every method throws `KubernetesError` (see errors.ts)
 * when the server refuses or can't be reached. Reads are retried within the deadline where that is safe; a write is
 * retried only when the server said that it did nothing (429 but for a budget's, 503 with Retry-After, or no connection
 * was made). A reference that makes no path (a Deployment without namespace) is `invalid` before anything is sent.
 */
export interface Cluster {
  /** The name that locks, records and answers carry: `sandbox`, or the cluster's name in the kubeconfig. */
  readonly name: string;
  /** The API server's address, without credentials. */
  readonly server: string;

  /** Where the reference has a UID, another object under its name is `notFound`. */
  get(reference: ObjectReference, options?: GetOptions): Promise<KubernetesObject>;
  list(query: ObjectQuery, options?: ListOptions): Promise<ObjectList>;
  /**
   * Events from `resourceVersion` on. Opening the stream is retried and bounded like a read; once open, it ends without an
   * error when the server closes it, the signal aborts or `timeoutMs` is over (five minutes where none is given). Throws
   * `expired` where the version is too old and `interrupted` where the connection breaks: list again.
   */
  watch(query: ObjectQuery, resourceVersion: string, options: CallOptions): AsyncIterable<WatchEvent>;
  /** Preconditions go in the body: another `metadata.uid` or `metadata.resourceVersion` there is a `conflict`. */
  patch(
    reference: ObjectReference,
    patch: { type: PatchType; body: unknown; subresource?: string; fieldManager?: string; force?: boolean },
    options?: WriteOptions,
  ): Promise<KubernetesObject>;
  /** With a subresource (`binding`, `token`) the object is posted to its parent, whose name is the object's. */
  create(object: KubernetesObject, options?: WriteOptions & { subresource?: string }): Promise<KubernetesObject>;
  /** Only the very object, where the reference has a UID. */
  delete(reference: ObjectReference, options?: DeleteOptions): Promise<void>;
  /** POST of the pod's `eviction` subresource. A budget without headroom is `tooManyRequests`, its name among the causes. */
  evict(pod: ObjectReference, options?: EvictOptions): Promise<void>;
  logs(pod: ObjectReference, options?: LogOptions): Promise<string>;
  /**
   * Runs a command, a list of arguments that no shell sees, in a container of the pod, and waits for its end. An exit code
   * other than 0 is no error. `invalid` where there is no such container or it does not run, `notSupported` where no
   * WebSocket can be opened, `interrupted` where the end is not known: the command may have run, or run on. Never repeated
   * once it may have started.
   */
  exec(pod: ObjectReference, command: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  version(options?: CallOptions): Promise<ServerVersion>;
  /**
   * Set while calls are refused as `circuitOpen` without being sent, because the API server as such was failing. Asking when
   * that time is over has the server tried.
   */
  circuit(): OpenCircuit | undefined;
}
