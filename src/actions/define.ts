import type * as z from 'zod';
import type { Plan } from '../changes/plan.ts';
import type { KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import type { Permission } from '../kubernetes/permission.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';

/** From the least on. */
export const riskLevels = ['low', 'medium', 'high', 'critical'] as const;
export type RiskLevel = (typeof riskLevels)[number];

/** What `plan` gets: everything to read with, nothing to write with. */
export interface PlanContext<Parameters> {
  cluster: ClusterReader;
  /** The object to act on, with its UID, as it was read for this planning. */
  target: ObjectReference;
  object: KubernetesObject;
  parameters: Parameters;
  /** The database's time at the start of the request. */
  now: Date;
  /** The execution that this plan is for. */
  actionId: string;
  reason: string | undefined;
  /** Folders of a container in which files may be written or deleted (`actions.exec_paths`). */
  execPaths: readonly string[];
}

/** The same where an action can do without a target. */
export type OptionalTargetContext<Parameters> = Omit<PlanContext<Parameters>, 'target' | 'object'> & {
  target: ObjectReference | undefined;
  object: KubernetesObject | undefined;
};

export interface ActionExample {
  /** As `namespace/kind/name` (or `kind/name` for a cluster-scoped kind); absent where none is needed. */
  target?: string;
  parameters: Record<string, unknown>;
}

export interface CustomKind {
  apiVersion: string;
  kind: string;
}

interface ActionCore {
  /** snake_case; `scale-deployment` and `scaleDeployment` are accepted as well. */
  name: string;
  summary: string;
  /** Kinds that it acts on; the first is meant where a request names none. */
  targets: readonly string[];
  /** Kinds that are not built in; a request names them with their apiVersion. */
  customTargets?: readonly CustomKind[];
  risk: RiskLevel;
  /** Why there is no undo, or undefined where there is one. */
  irreversible?: string;
  /** What a second sending does: nothing (`no_op`), or the same again. */
  again: 'no_op' | 'acts';
  /** Actions of one class cool down together on a target. Default: the action's own name. */
  cooldownClass?: string;
  /** All that planning, changing and verifying ask of the API server, beside `get` of the target itself. */
  permissions: readonly Permission[];
  /** What it says no to beyond the rules for all, each to be read after "Refuses". */
  refuses: readonly string[];
  examples: readonly ActionExample[];
  /** May change what stands in a protected namespace: its very purpose lies there. A protected label still refuses. */
  actsOnProtected?: true;
  /** Takes nodes out of service: what the rules ask about the others is read ahead. */
  takesNodesAway?: true;
  /** Reads that are sure to be needed, begun beside the reading of the target; the reader keeps their answers. */
  readAhead?(cluster: ClusterReader, target: ObjectReference): Promise<unknown>[];
}

/** An action as its file declares it. */
export interface ActionDeclaration<Parameters> extends ActionCore {
  parameters: z.ZodType<Parameters>;
  plan(context: PlanContext<Parameters>): Promise<Plan>;
}

/** An action that can do without a target. */
export interface TargetOptionalDeclaration<Parameters> extends ActionCore {
  parameters: z.ZodType<Parameters>;
  plan(context: OptionalTargetContext<Parameters>): Promise<Plan>;
}

/** An action as the registry holds it: its parameters are parsed, and only then typed. */
export interface Action extends ActionCore {
  targetOptional: boolean;
  parameters: z.ZodType;
  plan(context: OptionalTargetContext<unknown>): Promise<Plan>;
}

/**
 * Declares an action. It reads the cluster and returns a plan; it never writes.
 *
 * @example
 * export const cordonNode = defineAction({ name: 'cordon_node', targets: ['Node'], …, plan: async ({ object }) => plan({ … }) });
 */
export function defineAction<Parameters>(declaration: ActionDeclaration<Parameters>): Action {
  return {
    ...declaration,
    targetOptional: false,
    plan: (context) => {
      const { target, object, ...rest } = parsedFor<Parameters>(context);
      if (!target || !object) throw new Error(`${declaration.name} was planned without a target`);
      return declaration.plan({ ...rest, target, object });
    },
  };
}

/** Declares an action that takes a target where there is one, and does without where there is none. */
export function defineTargetOptionalAction<Parameters>(declaration: TargetOptionalDeclaration<Parameters>): Action {
  return {
    ...declaration,
    targetOptional: true,
    plan: (context) => declaration.plan(parsedFor<Parameters>(context)),
  };
}

/** The executor plans only with what the action's own schema gave; the registry's type can't carry that relation. */
function parsedFor<Parameters>(context: OptionalTargetContext<unknown>): OptionalTargetContext<Parameters> {
  return context as OptionalTargetContext<Parameters>;
}
