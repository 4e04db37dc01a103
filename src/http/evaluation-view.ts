import type { ChangeRecord } from '../executor/record.ts';
import type { Evaluation } from '../executor/evaluate.ts';
import type { Json } from '../json.ts';
import { targetView } from './target-view.ts';

/** An evaluation as it is answered. */
export function evaluationView({ verdict, blockedBy, plan, verdicts, warnings }: Evaluation) {
  const untils = blockedBy.flatMap(({ until }) => until?.getTime() ?? []);
  const undo = plan?.prepared.plan.undo;
  return {
    verdict,
    // All that stands against it has passed by then.
    retry_at: verdict === 'wait' && untils.length > 0 ? new Date(Math.max(...untils)).toISOString() : null,
    blocked_by: blockedBy.map(({ code, detail, until }) => ({ code, detail, until: until?.toISOString() ?? null })),
    plan_hash: plan?.hash ?? null,
    action: plan?.prepared.action ?? null,
    target: plan?.target ? targetView(plan.target) : null,
    changes: plan?.changes.map((change) => ({ ...change, target: targetView(change.target) })) ?? [],
    expectations: plan?.expectations ?? [],
    diff: plan?.changes.flatMap(differences) ?? [],
    risk: plan?.risk ?? null,
    impact: plan?.impact ?? null,
    verdicts,
    undo: plan
      ? undo && 'reason' in undo
        ? { available: false, reason: undo.reason }
        : { available: true, reason: null }
      : null,
    warnings,
    ...(plan?.simulation ? { simulation: plan.simulation } : {}),
  };
}

/** Field by field; of what is made or taken away as a whole the path is empty. */
function differences({ kind, target, before, after, status }: ChangeRecord) {
  if (status === 'skipped') return [];
  const object = targetView(target);
  if (kind === 'evict' || kind === 'delete') return [{ target: object, path: '', from: 'there', to: null }];
  if (!isFields(before) && !isFields(after))
    return after === undefined && before === undefined
      ? []
      : [{ target: object, path: '', from: before ?? null, to: after ?? null }];
  const [from, to] = [isFields(before) ? before : {}, isFields(after) ? after : {}];
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].map((path) => ({
    target: object,
    path,
    from: from[path] ?? null,
    to: to[path] ?? null,
  }));
}

/** By JSON pointers. */
function isFields(value: Json | undefined): value is { [path: string]: Json } {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).every((key) => key.startsWith('/'))
  );
}
