import type { JsonObject } from '../json.ts';
import type { Plan } from '../changes/plan.ts';
import { type Impact, impactOf } from '../impact/impact.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { type ClusterReader, readerOf } from '../kubernetes/reader.ts';
import type { ExecutorContext } from './context.ts';
import type { Prepared } from './prepare.ts';
import { changeRecordsOf, expectationRecordsOf, jsonObjectOf } from './record.ts';

/** What somebody is shown who is to agree: kept as it was when they were asked. */
export async function evaluationOfPlan(
  { cluster }: Pick<ExecutorContext, 'cluster'>,
  { prepared, hash, signal }: { prepared: Prepared; hash: string; signal: AbortSignal },
): Promise<JsonObject> {
  const { plan, risk, verdicts, impact } = prepared;
  return jsonObjectOf({
    verdict: 'ask',
    retry_at: null,
    blocked_by: [],
    plan_hash: hash,
    changes: changeRecordsOf(plan, cluster.name),
    expectations: expectationRecordsOf(plan, false),
    risk,
    impact: impact ?? (await impactKnown(readerOf(cluster, { signal }), plan)) ?? null,
    verdicts,
    undo: 'reason' in plan.undo ? { available: false, reason: plan.undo.reason } : { available: true, reason: null },
  });
}

/** Somebody is asked all the same where it can't be read. */
async function impactKnown(reader: ClusterReader, plan: Plan): Promise<Impact | undefined> {
  return await impactOf(reader, plan).catch((error: unknown) => {
    if (isKubernetesError(error)) return undefined;
    throw error;
  });
}
