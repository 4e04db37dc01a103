import { containerStatesOf } from '../../kubernetes/container-state.ts';
import type { JsonObject, KubernetesObject, ObjectReference } from '../../kubernetes/object.ts';
import { redactText } from '../../telemetry/redact-text.ts';
import type { EventSummary } from '../diagnostics/events.ts';
import type { Part } from '../diagnostics/part.ts';
import { isUnavailable } from '../diagnostics/part.ts';
import { referenceSummary } from '../diagnostics/summaries.ts';
import { accessFailureIn } from './access-failure.ts';
import type { LineCounts, Scope } from './count-lines.ts';
import type { LogRead } from './read-logs.ts';

/** What an audit has read. */
export interface Audited {
  target: ObjectReference;
  scope: Scope;
  since: Date;
  pods: readonly KubernetesObject[];
  logs: readonly LogRead[];
  unread: number;
  counts: LineCounts;
  events: Part<EventSummary[]>;
}

const mostListed = 20;

/** The report as data: what was read, counted and quoted. */
export function auditReport({ target, scope, since, pods, logs, unread, counts, events }: Audited): JsonObject {
  const { lines, levels, authentication, authorisation, errors } = counts;
  return {
    target: referenceSummary(target),
    scope,
    since: since.toISOString(),
    pods: pods.length,
    logs: {
      read: logs.filter(({ unavailable }) => unavailable === undefined).length,
      not_read: unread,
      truncated: logs.filter(({ truncated }) => truncated).length,
      unavailable: logs.flatMap(({ pod, container, unavailable }) =>
        unavailable === undefined ? [] : [{ pod, container, reason: unavailable }],
      ),
      lines,
    },
    levels,
    authentication_failures: authentication,
    authorisation_failures: authorisation,
    errors,
    restarts: restartsOf(pods),
    warning_events: isUnavailable(events) ? events : warningsOf(events),
  };
}

function restartsOf(pods: readonly KubernetesObject[]): JsonObject {
  const restarted = pods.flatMap((pod) =>
    containerStatesOf(pod).flatMap(({ name, restarts, lastTermination }) =>
      restarts > 0
        ? [
            {
              pod: pod.metadata.name,
              container: name,
              restarts,
              ...(lastTermination
                ? { last_reason: lastTermination.reason ?? 'unknown', last_exit_code: lastTermination.exitCode }
                : {}),
            },
          ]
        : [],
    ),
  );
  const most = restarted.toSorted((a, b) => b.restarts - a.restarts).slice(0, mostListed);
  return { count: restarted.reduce((sum, { restarts }) => sum + restarts, 0), containers: most };
}

function warningsOf(events: readonly EventSummary[]): JsonObject {
  const warnings = events.filter(({ type }) => type !== 'Normal');
  const byReason = Map.groupBy(warnings, ({ reason }) => reason);
  return {
    count: warnings.reduce((sum, { count }) => sum + count, 0),
    access_failures: warnings.filter(({ message }) => accessFailureIn(message)).length,
    reasons: [...byReason.entries()].slice(0, mostListed).map(([reason, same]) => ({
      reason,
      count: same.reduce((sum, { count }) => sum + count, 0),
      object: same[0]?.object ?? '',
      sample: redactText(same[0]?.message ?? ''),
    })),
  };
}
