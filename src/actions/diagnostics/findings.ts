import type { KubernetesObject } from '../../kubernetes/object.ts';
import type { EventSummary } from './events.ts';
import { podFindings } from './pod-findings.ts';
import { objectFindings } from './object-findings.ts';

/** What a report has gathered that can tell of a cause. */
export interface Evidence {
  object: KubernetesObject;
  pods: readonly KubernetesObject[];
  nodes: readonly KubernetesObject[];
  budgets: readonly KubernetesObject[];
  events: readonly EventSummary[];
  now: Date;
}

const mostFindings = 20;
const mostEventFindings = 3;

/** A few sentences that an on-call engineer reads first: what is broken, and why as far as the cluster knows. */
export function findingsFrom(evidence: Evidence): string[] {
  const { object, pods, nodes, budgets, events } = evidence;
  const others = [...nodes, ...budgets].filter(({ metadata }) => metadata.uid !== object.metadata.uid);
  const found = [
    ...(object.kind === 'Pod' ? [] : objectFindings(object)),
    ...podFindings(pods, evidence),
    ...others.flatMap(objectFindings),
  ];
  // What a status says already need not be said by its Event once more.
  const unsaid = events.filter(({ message }) => !found.some((sentence) => sentence.includes(message)));
  const all = [...found, ...eventFindings(unsaid)];
  return all.length === 0 ? ['Nothing unusual was found'] : all.slice(0, mostFindings);
}

/** The warnings that came most often. */
function eventFindings(events: readonly EventSummary[]): string[] {
  const byReason = Map.groupBy(
    events.filter(({ type }) => type !== 'Normal'),
    ({ reason }) => reason,
  );
  return [...byReason.entries()]
    .map(([reason, same]) => ({ reason, count: same.reduce((sum, { count }) => sum + count, 0), newest: same[0] }))
    .sort((a, b) => b.count - a.count)
    .slice(0, mostEventFindings)
    .map(({ reason, count, newest }) => `Warning ${reason} (${count}x), last on ${newest?.object}: ${newest?.message}`);
}
