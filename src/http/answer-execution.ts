import type { ExecuteAnswer } from '../executor/execute.ts';
import { executionView } from './execution-view.ts';

/** 200 with the whole execution once it is over, 202 with its address while it is not. `applied`: what was preferred. */
export function answerExecution(
  { state, execution, replayed }: ExecuteAnswer,
  kept: { historyMs: number; now: Date },
  applied?: string,
): Response {
  const view = executionView(execution, kept);
  const headers = {
    'content-type': 'application/json',
    ...(replayed ? { 'idempotent-replayed': 'true' } : {}),
    ...(applied ? { 'preference-applied': applied } : {}),
    ...(state === 'under_way' ? { location: view.links.self, 'retry-after': '1' } : {}),
  };
  return new Response(JSON.stringify(view), { status: state === 'ended' ? 200 : 202, headers });
}
