import type { Cluster } from '../kubernetes/cluster.ts';
import type { KubernetesError } from '../kubernetes/errors.ts';
import type { Json, JsonObject, KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import type { Permission } from '../kubernetes/permission.ts';
import type { CreateChange } from './create.ts';
import type { DeleteChange } from './delete.ts';
import type { EvictChange } from './evict.ts';
import type { ExecChange } from './exec.ts';
import type { PatchChange } from './patch.ts';
import type { RenewChange } from './renew.ts';
import type { RestartChange } from './restart.ts';
import type { RunJobChange } from './run-job.ts';
import type { CopySecretChange } from './secrets/copy-secret.ts';
import type { RegenerateSecretChange } from './secrets/regenerate-secret.ts';
import type { RestoreSecretChange } from './secrets/restore-secret.ts';
import type { WaitChange } from './wait.ts';

/** One thing that a plan does to the cluster. Plain JSON: another replica may have to read it. */
export type Change =
  | PatchChange
  | CreateChange
  | DeleteChange
  | EvictChange
  | WaitChange
  | ExecChange
  | RestartChange
  | RenewChange
  | CopySecretChange
  | RegenerateSecretChange
  | RestoreSecretChange
  | RunJobChange;

/** A change, or several that run side by side. */
export type ChangeStep = Change | Change[];

export interface SendContext {
  cluster: Cluster;
  dryRun: boolean;
  signal: AbortSignal;
  /** At most this long for one call: shorter than what is left of the lease. */
  timeoutMs: number;
}

/** What a change's sending came to. `object` is the API server's answer, which may already prove the effect. */
export interface Sent {
  object?: KubernetesObject;
  /** What the sending found out, such as a command's output; it becomes part of the execution's `result`. */
  result?: JsonObject;
  /** In a dry run: the API server can't tell beforehand, so that nothing was asked of it. */
  notVerified?: boolean;
}

/**
 * Whether a change's effect is in the cluster. `other`: somebody else has changed the same thing. `unknown`: the cluster
 * keeps no trace of such a change, such as of a command.
 */
export type Doneness = 'done' | 'not_done' | 'other' | 'unknown';

/** The six answers that each kind of change gives, written once. */
export interface ChangeKind<C> {
  /** In words, for the operator. */
  describe(change: C): string;
  permissions(change: C): Permission[];
  /** Sends it, or with `dryRun` has the API server check it and store nothing. Throws KubernetesError. */
  send(change: C, context: SendContext): Promise<Sent>;
  /** What holds it back for now, where the API server has refused it with 429, or will do so: `budget shop/web`. */
  heldBackBy?(change: C, error?: KubernetesError): string | undefined;
  /** Reads the cluster and tells whether the effect is there. */
  isDone(change: C, context: Omit<SendContext, 'dryRun'>): Promise<Doneness>;
  /** The same change, pinned to the object as it is now; undefined where what it edits is no longer as it was planned. */
  repin?(change: C, context: Omit<SendContext, 'dryRun'>): Promise<C | undefined>;
  /** What stood there before and what stands there after, for the record. */
  values(change: C): { before?: Json; after?: Json };
  /** The change that takes it back; `not_needed` where nothing has to, undefined where nothing can. */
  undo(change: C): Change | 'not_needed' | undefined;
  /** What is locked while it runs: the object that it changes. */
  target(change: C): ObjectReference;
  /** Nothing to write: the cluster is so already. */
  isNoOp(change: C): boolean;
}
