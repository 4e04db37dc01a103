import type { JsonObject } from '../../kubernetes/object.ts';
import { referenceTo } from '../../kubernetes/object.ts';
import { valueAt } from '../../kubernetes/value-at.ts';
import type { PlanContext } from '../define.ts';
import { findingsFrom } from './findings.ts';
import { fit } from './fit.ts';
import { type DiagnosticsWanted, gather } from './gather.ts';
import { isUnavailable, type Part, readable } from './part.ts';
import { redactReport } from './redact.ts';
import { conditionsOf, nodeSummary, podSummary, referenceSummary } from './summaries.ts';

/** Stored with the execution and answered with it: as much as a person can read, and no more. */
const largestReportBytes = 256 * 1024;
const mostPods = 20;

/**
 * The report on an object. What can't be read says so in its place (`unavailable`), what has no room is named in `cut`,
 * and secrets are left out.
 */
export async function diagnose(context: PlanContext<DiagnosticsWanted>): Promise<JsonObject> {
  const { object, now } = context;
  const since = new Date(now.getTime() - context.parameters.time_range);
  const { owners, pods, nodes, budgets, events, usage, logs } = await gather(context, since);
  const findings = findingsFrom({
    object,
    pods: readable(pods, []),
    nodes: readable(nodes, []),
    budgets: readable(budgets, []),
    events: readable(events ?? [], []),
    now,
  });
  const report: JsonObject = {
    target: referenceSummary(referenceTo(object)),
    collected_at: now.toISOString(),
    since: since.toISOString(),
    findings,
    conditions: conditionsOf(object),
    owners: listed(owners, ({ reference }) => referenceSummary(reference)),
    pod_count: readable(pods, []).length,
    pods: listed(readable(pods, []).length > mostPods ? readable(pods, []).slice(0, mostPods) : pods, podSummary),
    nodes: listed(nodes, nodeSummary),
    budgets: listed(budgets, (budget) => referenceSummary(referenceTo(budget))),
    ...(usage ? { usage } : {}),
    ...(events ? { events } : {}),
    object: valueAt(object, []) ?? {},
    ...(logs ? { logs } : {}),
  };
  return fit(redactReport(report), largestReportBytes);
}

function listed<T>(items: Part<readonly T[]>, summary: (item: T) => JsonObject): Part<JsonObject[]> {
  return isUnavailable(items) ? items : items.map(summary);
}
