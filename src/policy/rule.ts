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

/** All that a rule may look at. It reads; it never writes. */
export interface RuleContext {
  cluster: ClusterReader;
  action: Pick<Action, 'name' | 'actsOnProtected'>;
  plan: Plan;
  target: ObjectReference | undefined;
  /** As parsed by the action's schema, with the parameters that every action takes (`allow_gitops`, `reason`). */
  parameters: Readonly<Record<string, unknown>>;
  settings: Settings['safety']['rules'];
  /** Names an object that the answer relies on: where another execution takes it meanwhile, the rules are asked again. */
  relyOn(object: ObjectReference): void;
  /** Whether an execution that was admitted before this one holds the object: it may not stay as it is read. */
  isHeld(object: ObjectReference): boolean;
}

export type Verdict =
  | { verdict: 'allow'; reason: string }
  | { verdict: 'deny'; code: RefusalCode; reason: string; hint?: string };

/** One reason to say no, in one file. `undefined`: the rule has nothing to say about this plan. */
export interface Rule {
  /** The key of `safety.rules`, or the name of a refusal that can't be switched off. */
  name: string;
  permissions: readonly Permission[];
  judge(context: RuleContext): Promise<Verdict | undefined>;
}

/** The changes that write to something that exists already: what the rules about a target look at. */
export function writesTo(plan: Plan): Change[] {
  return changesOf(plan.changes).filter((change) => {
    if (change.kind === 'wait' || onlyMakes(change)) return false;
    return !changeKind(change).isNoOp(change);
  });
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
  cluster: ClusterReader,
  references: readonly ObjectReference[],
): Promise<KubernetesObject[]> {
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
