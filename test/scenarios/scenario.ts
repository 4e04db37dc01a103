import type { KubernetesObject, ObjectReference } from '../../src/kubernetes/object.ts';
import type { Ground } from './ground.ts';

/** What an action is tried on: its file here is named like its own, and exports them as `scenarios`. */
export interface Scenarios {
  /** Each way in which it takes effect, by what happens. */
  effects: Record<string, (ground: Ground) => Promise<Effect>>;
  /** Each no that it promises, by what it says no to. A target that is not there is tried for every action anyway. */
  refusals: Record<string, (ground: Ground) => Promise<Refused>>;
  /** Permissions that it declares for a turn of events that no scenario brings about, as `watch nodes.`, and why. */
  unusedPermissions?: Record<string, string>;
}

export interface Asked {
  /** Absent where the action is about the cluster as a whole. */
  target?: ObjectReference;
  parameters: Record<string, unknown>;
}

/** An execution as it was answered. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever was answered
export type Answered = any;

export interface Effect extends Asked {
  /** What else a dry run must leave as it is. */
  touches?: ObjectReference[];
  /** What stands in the cluster afterwards; throws where it does not. */
  see(answer: Answered): Promise<void>;
  /** The same after the rollback. Left out: the target's spec is again what it was. */
  seeUndone?(answer: Answered): Promise<void>;
  /** Why this effect can't be taken back, although the action's others can. */
  undoReason?: RegExp;
  /** What happens in the cluster beside the run: the driver or the operator that the test plays. */
  meanwhile?(signal: AbortSignal): Promise<void>;
  /** A dry run can't check its changes: they are labelled so. */
  notVerified?: true;
  /** What the dry run says where the API server refuses what the run brings about later. */
  dryRunMessage?: RegExp;
}

export interface Refused extends Asked {
  code: string;
  /** What the answer says: it names the object and what stands there. */
  detail: RegExp;
  /** The run has to look into the container to find out: it ends as `failed`, with that code, having changed nothing. */
  whileRunning?: true;
}

/** What an undo brings back: the spec. A cordoned node's taint is its controller's, which comes and goes a moment later. */
export function specOf({ kind, spec }: KubernetesObject): unknown {
  if (kind !== 'Node') return spec;
  const { taints: _, ...own } = (spec ?? {}) as Record<string, unknown>;
  return own;
}
