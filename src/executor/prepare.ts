import type { Action } from '../actions/define.ts';
import { findAction } from '../actions/registry.ts';
import { Refusal } from '../actions/refusal.ts';
import { changeKind, changesOf } from '../changes/change-kinds.ts';
import { plan as emptyPlan, type Plan } from '../changes/plan.ts';
import type { Impact } from '../impact/impact.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import { readerOf } from '../kubernetes/reader.ts';
import { readAheadForRules } from '../policy/rules.ts';
import type { ExecutorContext } from './context.ts';
import { refusalOf } from './failure.ts';
import { faultInRequest } from './fault-in-request.ts';
import { findTarget } from './find-target.ts';
import { type Judged, judgePlan } from './judge-plan.ts';
import { historyOf } from './history-of.ts';
import { type ParsedParameters, parseParameters } from './parse-parameters.ts';
import type { RiskRecord } from './record.ts';
import { riskOf } from './risk-of.ts';
import type { ExecuteRequest } from './request.ts';
import { unknownAction } from './unknown-action.ts';

/** What is to be done, found out without changing anything. */
export interface Prepared extends Judged {
  action: string;
  /** What the rules are asked about: of a rollback the action that it takes back. */
  judgedAs: string;
  /** Actions of one class cool down together on a target. */
  cooldownClass: string;
  target: ObjectReference | undefined;
  parameters: Record<string, unknown>;
  /** Asked for by a parameter of the action's own. */
  dryRun: boolean;
  reason: string | undefined;
  plan: Plan;
  /** `performance.now()` before the reading began. */
  readAtMs: number;
  /** By the database's clock. */
  plannedAt: Date;
  risk: RiskRecord;
  /** Where it was read, to know whether somebody has to agree. */
  impact?: Impact;
  rollbackOf?: string;
  /** Not planned yet: an action that only reads, asked for ahead of its turn. */
  unplanned?: true;
}

export interface PrepareOptions {
  /** The execution that this is for. */
  id: string;
  signal: AbortSignal;
  /** What the API server remembers of the target is enough, where a write can prove it. */
  recalls?: boolean;
  /** The execution that this one goes on with. */
  resumeOf?: string | undefined;
  /** It is planned anew before it is carried out: what an action only reads is not read for nothing. */
  ahead?: boolean;
  /** Nothing comes of it: what the rules deny is told with the plan, not thrown. */
  explains?: boolean;
}

/** Parses, finds the target, plans and asks the rules. Throws a Refusal for whatever stands against it. */
export async function prepare(
  context: ExecutorContext,
  request: ExecuteRequest,
  { recalls = false, ahead = false, ...options }: PrepareOptions,
): Promise<Prepared> {
  const action = findAction(request.action);
  if (!action) throw unknownAction(request);
  const parameters = parseParameters(action, request);
  if (ahead && onlyAsks(action)) {
    const { prepared } = await prepareBy(
      context,
      { ...options, request, action: withoutPlan(action), parameters },
      false,
    );
    return { ...prepared, unplanned: true };
  }
  const asked = { ...options, request, action, parameters };
  const patches = action.permissions.some(({ verbs }) => verbs.includes('patch'));
  const byMemory = recalls && patches ? await prepareByMemory(context, asked) : undefined;
  return byMemory ?? (await prepareBy(context, asked, false)).prepared;
}

function onlyAsks({ permissions }: Action): boolean {
  return permissions.every(({ verbs }) => verbs.every((verb) => ['get', 'list', 'watch'].includes(verb)));
}

function withoutPlan(action: Action): Action {
  return { ...action, plan: async () => emptyPlan({ changes: [] }) };
}

interface Asked extends Omit<PrepareOptions, 'recalls' | 'ahead'> {
  request: ExecuteRequest;
  action: Action;
  parameters: ParsedParameters;
}

/**
 * The same from what the API server remembers of the target. Undefined where that proves nothing: only a first write that
 * carries the resourceVersion is refused where it was outdated. A no-op and a refusal need the object as it is.
 */
async function prepareByMemory(context: ExecutorContext, asked: Asked): Promise<Prepared | undefined> {
  const { observer } = context;
  // Verdicts count once they decide.
  const quiet = { ...context, observer: { ...observer, verdict: () => undefined } };
  const found = await prepareBy(quiet, asked, true).catch((error: unknown) => {
    // Who can't be asked now has no other answer a moment later.
    if (error instanceof Refusal && error.status === 503) throw error;
    return undefined;
  });
  if (!found || found.prepared.dryRun || !isProvenByWrite(found)) return undefined;
  const { prepared } = found;
  for (const { rule, verdict } of prepared.verdicts) observer.verdict(rule, verdict);
  return prepared;
}

/** Whether the first thing written is the target, and only if it still is as it was read. */
function isProvenByWrite({ prepared: { plan, target }, version }: PreparedBy): boolean {
  const first = changesOf(plan.changes).find((change) => !changeKind(change).isNoOp(change));
  return (
    first?.kind === 'patch' &&
    first.target.kind === target?.kind &&
    first.target.uid === target.uid &&
    version !== undefined &&
    first.resourceVersion === version
  );
}

interface PreparedBy {
  prepared: Prepared;
  /** The target's resourceVersion as it was read. */
  version: string | undefined;
}

async function prepareBy(
  context: ExecutorContext,
  { request, action, parameters, id, resumeOf, explains, signal }: Asked,
  recalls: boolean,
): Promise<PreparedBy> {
  const { cluster, observer } = context;
  const readAtMs = performance.now();
  const plannedAt = context.now();
  const reader = readerOf(cluster, { signal, recalls });
  const history = historyOf(context);
  try {
    const { rules: settings, enableValidation: validates } = context.settings.safety;
    const found = await observer.phase('target', () =>
      findTarget(reader, action, request, (target) =>
        readAheadForRules({ cluster: reader, target, action, settings, validates, history, dryRun: request.dryRun }),
      ),
    );
    const plan = await observer.phase('plan', () =>
      action.plan({
        cluster: reader,
        target: found?.target,
        object: found?.object,
        parameters: parameters.own,
        now: plannedAt,
        actionId: id,
        reason: parameters.reason,
        execPaths: context.settings.actions.execPaths,
      }),
    );
    const parsed: Record<string, unknown> = {
      ...recordOf(parameters.own),
      allow_gitops: parameters.allowGitops,
      reason: parameters.reason,
    };
    const dryRun = request.dryRun || context.settings.actions.dryRun || parsed['dry_run'] === true;
    const judged = await judgePlan(context, {
      reader,
      explains,
      action,
      execution: { id, action: action.name, resumeOf },
      dryRun,
      caller: request.requestedBy,
      notBefore: request.later?.notBefore,
      history,
      plan,
      target: found?.target,
      parameters: parsed,
    });
    const prepared = {
      action: action.name,
      judgedAs: action.name,
      cooldownClass: action.cooldownClass ?? action.name,
      target: found?.target,
      parameters: { ...parameters.given, ...(parameters.allowGitops ? { allow_gitops: true } : {}) },
      dryRun: parsed['dry_run'] === true,
      reason: parameters.reason,
      plan,
      ...judged,
      readAtMs,
      plannedAt,
      ...(await riskOf(context, reader, { level: action.risk, plan, target: found?.target, dryRun })),
    };
    return { prepared, version: found?.object.metadata.resourceVersion };
  } catch (error) {
    throw gone(error) ?? faultInRequest(error, request) ?? refusalOf(error, context.now());
  }
}

/** An object that went away while it was being read for the plan. */
function gone(error: unknown): Refusal | undefined {
  if (!isKubernetesError(error, 'notFound')) return undefined;
  return new Refusal('target_not_found', error.message, { cause: error });
}

/** An action's schema gives an object; the registry's type can't say so. */
function recordOf(parsed: unknown): Record<string, unknown> {
  return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
}
