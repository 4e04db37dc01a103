import { findAction } from '../actions/registry.ts';
import { Refusal, type RefusalCode } from '../actions/refusal.ts';
import { isNoOp, onlyReads } from '../changes/plan.ts';
import { columnsOf } from '../database/columns-of.ts';
import { standingAgainst } from '../database/standing.ts';
import { assessRisk, type Risk } from '../impact/assess-risk.ts';
import { type Impact, impactOf } from '../impact/impact.ts';
import { type DrainSimulation, simulateDrain } from '../impact/simulate-drain.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { readerOf } from '../kubernetes/reader.ts';
import { ApprovalNeeded, withQuestions } from './agreed.ts';
import { claimRefused } from './claim-refusals.ts';
import type { ExecutorContext } from './context.ts';
import { dryRun } from './dry-run.ts';
import type { Asking } from './execute.ts';
import { refusalOf } from './failure.ts';
import { cooldownKey, heldKeys } from './held-objects.ts';
import { demand } from './permit.ts';
import { placeAskedFor } from './place-asked-for.ts';
import { planHash } from './plan-hash.ts';
import { prepare, type Prepared } from './prepare.ts';
import {
  type ChangeRecord,
  type ExpectationRecord,
  expectationRecordsOf,
  targetRecordOf,
  type TargetRecord,
  type VerdictRecord,
} from './record.ts';
import type { ExecuteRequest } from './request.ts';
import { namespaceLabels } from './risk-of.ts';

/** One thing that stands against a request; `until` where it passes by itself. */
export interface Blocker {
  code: RefusalCode;
  detail: string;
  until: Date | undefined;
}

/** What would come of a request, and what stands against it. Nothing of it is stored. */
export interface Evaluation {
  /** `wait`: all that stands against it passes. `ask`: somebody has to agree first. */
  verdict: 'allow' | 'ask' | 'deny' | 'wait';
  blockedBy: Blocker[];
  /** Undefined where there is no plan. */
  plan:
    | {
        prepared: Prepared;
        target: TargetRecord | undefined;
        hash: string;
        changes: ChangeRecord[];
        expectations: ExpectationRecord[];
        risk: Risk;
        impact: Impact | undefined;
        simulation: DrainSimulation | undefined;
      }
    | undefined;
  verdicts: VerdictRecord[];
  warnings: string[];
}

/**
 * Plans a request, asks every rule, has the API server check the changes, and reads who is touched and what a claim would
 * say. Writes nothing. Throws a Refusal only where the caller may not ask, the request can't be read, or something is away.
 */
export async function evaluate(
  context: ExecutorContext,
  asked: ExecuteRequest,
  { rights, signal }: Asking,
): Promise<Evaluation> {
  await demand(rights, 'execute', placeAskedFor(asked));
  // Verdicts count where they decide.
  const quiet = { ...context, observer: { ...context.observer, verdict: () => undefined } };
  try {
    const prepared = await prepare(quiet, asked, { id: context.newId(), signal, explains: true });
    const asking = asked.dryRun || prepared.dryRun ? prepared : withQuestions(context, prepared);
    return await explained(context, asking, { asked, signal });
  } catch (error) {
    const refusal = refusalOf(error, context.now());
    if (!(refusal instanceof Refusal) || refusal.status >= 500) throw refusal;
    return { verdict: 'deny', blockedBy: [blockerOf(refusal)], plan: undefined, verdicts: [], warnings: [] };
  }
}

async function explained(
  context: ExecutorContext,
  prepared: Prepared,
  { asked, signal }: { asked: ExecuteRequest; signal: AbortSignal },
): Promise<Evaluation> {
  const { cluster } = context;
  const reader = readerOf(cluster, { signal });
  const warnings: string[] = [...prepared.plan.warnings];
  const acts = !onlyReads(prepared.plan) && !isNoOp(prepared.plan);
  const [checked, standing, impact, simulation, namespace] = await Promise.all([
    dryRun(context, prepared, signal),
    acts && !asked.dryRun ? claimNow(context, prepared) : [],
    readable(warnings, 'who is touched', impactOf(reader, prepared.plan)),
    prepared.action === 'drain_node' && prepared.target
      ? readable(warnings, 'the drain', simulateDrain(reader, { plan: prepared.plan, node: prepared.target }))
      : undefined,
    readable(warnings, 'the namespace', namespaceLabels(reader, prepared.target)),
  ]);
  const refusals = [
    ...(prepared.denials ?? []),
    ...(checked.error ? [new Refusal(codeOf(checked.error.code), checked.error.message)] : []),
    ...standing,
  ];
  // What only a claim finds may be something to ask about as well.
  const questions = refusals.filter((refusal) => refusal instanceof ApprovalNeeded);
  const verdicts = questions[0]?.prepared.verdicts ?? prepared.verdicts;
  const asks = verdicts.some(({ verdict }) => verdict === 'ask');
  const against = refusals.filter((refusal) => !(refusal instanceof ApprovalNeeded));
  return {
    verdict: verdictOf(against, asks),
    blockedBy: against.map(blockerOf),
    plan: {
      prepared,
      target: prepared.target && targetRecordOf(prepared.target, cluster.name),
      hash: planHash(cluster.name, prepared),
      changes: checked.changes,
      expectations: expectationRecordsOf(prepared.plan, false),
      risk: assessRisk(findAction(prepared.action)?.risk ?? 'high', {
        planned: prepared.plan.riskReasons,
        namespace,
        impact,
      }),
      impact,
      simulation,
    },
    verdicts,
    warnings: [...warnings, ...checked.warnings],
  };
}

/** What a claim would answer now: the stops, who holds the target, cooldown, slots, and how far it may reach. */
async function claimNow(context: ExecutorContext, prepared: Prepared): Promise<Refusal[]> {
  const { cluster, database, settings, now } = context;
  const { maxConcurrent: slots } = settings.actions;
  const { target, radius, quotas, action } = prepared;
  const { against, freeSlots } = await standingAgainst(database, {
    cluster: cluster.name,
    namespace: target?.namespace,
    locks: heldKeys(cluster.name, prepared),
    cooldownKey: settings.safety.enableCooldown ? cooldownKey(cluster.name, prepared) : undefined,
    slots,
    limits: {
      run: true,
      slots,
      row: columnsOf({
        cluster: cluster.name,
        namespace: target?.namespace,
        kind: target?.kind,
        name: target?.name,
        action,
      }),
      ...(radius ? { radius: columnsOf(radius) } : {}),
      ...(quotas.length > 0 ? { quotas: quotas.map(columnsOf) } : {}),
    },
  });
  return [
    ...against.map((answer) => claimRefused(context, prepared, answer)),
    ...(freeSlots > 0
      ? []
      : [
          new Refusal('capacity_exhausted', `${slots} executions are under way, which is as many as there may be`, {
            retryAt: new Date(now().getTime() + 5_000),
          }),
        ]),
  ];
}

/** What passes by itself, though nobody knows when. */
const passing: readonly RefusalCode[] = ['target_busy', 'capacity_exhausted'];

function verdictOf(refusals: readonly Refusal[], asks: boolean): Evaluation['verdict'] {
  const lasting = refusals.some(
    ({ code, details }) => code === 'emergency_stop' || (!details.retryAt && !passing.includes(code)),
  );
  if (lasting) return 'deny';
  if (refusals.length > 0) return 'wait';
  return asks ? 'ask' : 'allow';
}

function blockerOf({ code, message, details }: Refusal): Blocker {
  return { code, detail: message, until: code === 'emergency_stop' ? undefined : details.retryAt };
}

function codeOf(code: string): RefusalCode {
  return code === 'permission_denied' || code === 'conflict' || code === 'not_supported' ? code : 'precondition_failed';
}

/** What may not be read is left out, and said. */
async function readable<T>(warnings: string[], what: string, reading: Promise<T>): Promise<T | undefined> {
  return await reading.catch((error: unknown) => {
    if (!isKubernetesError(error, 'forbidden', 'notFound')) throw error;
    warnings.push(`Not all of ${what} could be read: ${error.message}`);
    return undefined;
  });
}
