import { isUnavailable } from '../diagnostics/part.ts';
import type { Audited } from './audit-report.ts';
import { levelsInWords, type Sample } from './count-lines.ts';

/** The first line of an audit, which is also what the execution says. */
export function auditSummary({ counts, logs, pods }: Audited): string {
  const { authentication, authorisation, errors, lines } = counts;
  return `${authentication.count} authentication and ${authorisation.count} authorisation failures, ${errors.count} errors in ${lines} lines of ${logs.length} logs of ${pods.length} pods`;
}

/** The audit as a page to read. */
export function auditText(audited: Audited): string {
  const { counts, events, logs, unread, since } = audited;
  const warnings = isUnavailable(events) ? undefined : events.filter(({ type }) => type !== 'Normal');
  return [
    auditSummary(audited),
    `Since ${since.toISOString()}; levels: ${levelsInWords(counts.levels) || 'none'}`,
    ...(unread > 0 ? [`${unread} logs were not read: there are too many`] : []),
    ...logs.flatMap(({ pod, container, unavailable }) => (unavailable ? [`${pod}/${container}: ${unavailable}`] : [])),
    ...section('Authentication failures', counts.authentication.samples),
    ...section('Authorisation failures', counts.authorisation.samples),
    ...section('Errors', counts.errors.samples),
    warnings === undefined ? 'Warning events could not be read' : `Warning events: ${warnings.length}`,
  ].join('\n');
}

function section(title: string, samples: readonly Sample[]): string[] {
  if (samples.length === 0) return [];
  return [`${title}, the newest:`, ...samples.map(({ pod, container, line }) => `  ${pod}/${container}: ${line}`)];
}
