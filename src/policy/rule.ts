import type { Action } from '../actions/define.ts';
import type { RefusalCode } from '../actions/refusal.ts';
import { changeKind, changesOf, onlyMakes } from '../changes/change-kinds.ts';
import type { Change } from '../changes/change.ts';
import type { Plan } from '../changes/plan.ts';
import type { Settings } from '../config/settings.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import type { KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import type { Permission } from '../kubernetes/permission.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import type { MayService } from './own-rights.ts';
import type { RuleHistory } from './rule-history.ts';

/** All that a rule may look at. It reads; it never writes. */
export interface RuleContext {
  cluster: ClusterReader;
  /** What is done; of a rollback the action that it takes back. */
  action: Pick<Action, 'name' | 'actsOnProtected' | 'cooldownClass'>;
  /** The execution that this is for, and the name under which the history will know what it did. */
  execution: { id: string; action: string; resumeOf?: string | undefined };
  plan: Plan;
  target: ObjectReference | undefined;
  /** The namespace that it happens in: of the target, or the target itself. Undefined for what is in none. */
  namespace: string | undefined;
  /** As parsed by the action's schema, with the parameters that every action takes (`allow_gitops`, `reason`). */
  parameters: Readonly<Record<string, unknown>>;
  settings: Settings['safety']['rules'];
  history: RuleHistory;
  mayService: MayService;
  /** Who asks; undefined where authentication is off. */
  caller: string | undefined;
  /** Nothing is changed, now or later. */
  dryRun: boolean;
  /** When it is to begin, by the database's clock: now, or later where it waits in the queue. */
  beginsAt: Date;
  /** Names an object that the answer relies on: where another execution takes it meanwhile, the rules are asked again. */
  relyOn(object: ObjectReference): void;
  /** Sets how much may be changed in a while; the claim counts, because only it decides every race. */
  boundBy(limits: RadiusLimits): void;
  /** Sets how many executions may change something in the namespace; counted by the claim as well. */
  quotaOf(quotas: Quota[]): void;
  /** Whether an execution that was admitted before this one holds the object: it may not stay as it is read. */
  isHeld(object: ObjectReference): boolean;
}

/** What is known before the target is read. */
export type Ahead = Pick<RuleContext, 'cluster' | 'settings' | 'history' | 'dryRun'> & {
  action: Pick<Action, 'name' | 'takesNodesAway'>;
  target: ObjectReference;
};

/** How many different targets may be changed within the window, this one among them. */
export interface RadiusLimits {
  windowMs: number;
  perNamespace: number;
  perCluster: number;
  /** Nodes; absent where none is taken out of service. */
  nodes?: number;
  /** The names of other nodes that are out of service already: they count as well. */
  out?: string[];
}

/** So many executions within the window, this one among them. */
export interface Quota {
  most: number;
  windowMs: number;
}

export type Verdict =
  | { verdict: 'allow'; reason: string }
  | { verdict: 'deny'; code: RefusalCode; reason: string; hint?: string; retryAt?: Date; asks?: true };

/** One reason to say no, in one file. `undefined`: the rule has nothing to say about this plan. */
export interface Rule {
  /** The key of `safety.rules`, or the name of a refusal that can't be switched off. */
  name: string;
  /** What it denies, for docs/rules.md. */
  denies: string;
  codes: readonly RefusalCode[];
  /** All that it asks of the API server beside what was read for the plan. */
  permissions: readonly Permission[];
  /** It is about what has been done before, or about the time: a dry run, which does nothing, is not asked about. */
  onlyRuns?: true;
  /** What it will ask about a target, begun beside the reading of that. Whoever needs an answer asks again. */
  readAhead?(about: Ahead): Promise<unknown>[];
  judge(context: RuleContext): Promise<Verdict | readonly Verdict[] | undefined>;
}

/** The changes that write to something that exists already: what the rules about a target look at. */
export function writesTo(plan: Plan): Change[] {
  return changesOf(plan.changes).filter((change) => {
    if (change.kind === 'wait' || onlyMakes(change)) return false;
    return !changeKind(change).isNoOp(change);
  });
}

/** Whether the plan does anything: what only reads, and what is so already, comes and goes without a trace. */
export function takesEffect(plan: Plan): boolean {
  return changesOf(plan.changes).some((change) => change.kind !== 'wait' && !changeKind(change).isNoOp(change));
}

/** The objects of those changes, each read once; those that are gone are left out. */
export function objectsOf(cluster: ClusterReader, changes: readonly Change[]): Promise<KubernetesObject[]> {
  return readAll(
    cluster,
    changes.map((change) => changeKind(change).target(change)),
  );
}

/** The objects that are there, each read once. */
export async function readAll(
  cluster: Pick<ClusterReader, 'get'>,
  references: readonly ObjectReference[],
): Promise<KubernetesObject[]> {
  if (references.length === 0) return [];
  const different = new Map(references.map((reference) => [JSON.stringify(reference), reference] as const));
  const objects = await Promise.all(
    [...different.values()].map((reference) =>
      cluster.get(reference).catch((error: unknown) => {
        if (isKubernetesError(error, 'notFound')) return undefined;
        throw error;
      }),
    ),
  );
  return objects.filter((object) => object !== undefined);
}
