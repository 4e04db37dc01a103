import type { JsonObject } from '../json.ts';
import type { Prepared } from './prepare.ts';
import { changeRecordsOf, expectationRecordsOf, jsonObjectOf } from './record.ts';

/** What somebody is shown who is to agree: kept as it was when they were asked. */
export function evaluationOfPlan(cluster: string, prepared: Prepared, hash: string): JsonObject {
  const { plan, risk, verdicts } = prepared;
  return jsonObjectOf({
    verdict: 'ask',
    retry_at: null,
    blocked_by: [],
    plan_hash: hash,
    changes: changeRecordsOf(plan, cluster),
    expectations: expectationRecordsOf(plan, false),
    risk,
    verdicts,
    undo: 'reason' in plan.undo ? { available: false, reason: plan.undo.reason } : { available: true, reason: null },
  });
}
