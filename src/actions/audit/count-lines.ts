import { redactText } from '../../telemetry/redact-text.ts';
import { accessFailureIn } from './access-failure.ts';
import { levelOf, logLevels, type LineLevel } from './log-level.ts';

/** A line that stands for many. */
export type Sample = { pod: string; container: string; line: string };

/** Which lines are worth quoting. */
export type Scope = 'security' | 'errors' | 'all';

/** What the lines of all logs come to. */
export interface LineCounts {
  lines: number;
  levels: Record<LineLevel, number>;
  authentication: { count: number; samples: Sample[] };
  authorisation: { count: number; samples: Sample[] };
  errors: { count: number; samples: Sample[] };
}

/** The newest of each kind. */
const mostSamples = 5;
const longestLine = 400;

/** Counts the lines, oldest first in each log, and keeps the newest of each kind as samples, without secrets. */
export function countLines(
  logs: readonly { pod: string; container: string; text: string }[],
  scope: Scope,
): LineCounts {
  const levels: Record<LineLevel, number> = { fatal: 0, error: 0, warning: 0, info: 0, debug: 0, other: 0 };
  const counts: LineCounts = {
    lines: 0,
    levels,
    authentication: { count: 0, samples: [] },
    authorisation: { count: 0, samples: [] },
    errors: { count: 0, samples: [] },
  };
  const note = (kind: 'authentication' | 'authorisation' | 'errors', sample: Sample, quoted: boolean) => {
    counts[kind].count += 1;
    if (!quoted) return;
    counts[kind].samples.push(sample);
    if (counts[kind].samples.length > mostSamples) counts[kind].samples.shift();
  };
  for (const { pod, container, text } of logs) {
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      const level = levelOf(line);
      const failure = accessFailureIn(line);
      const sample = { pod, container, line };
      counts.lines += 1;
      levels[level] += 1;
      if (failure) note(failure, sample, scope !== 'errors');
      if (level === 'error' || level === 'fatal') note('errors', sample, scope !== 'security');
    }
  }
  for (const kind of ['authentication', 'authorisation', 'errors'] as const) {
    counts[kind].samples = counts[kind].samples.map((sample) => ({ ...sample, line: quotedLine(sample.line) }));
  }
  return counts;
}

/** `fatal 1, error 3`: the levels that occur. */
export function levelsInWords(levels: Record<LineLevel, number>): string {
  return logLevels.flatMap((level) => (levels[level] > 0 ? [`${level} ${levels[level]}`] : [])).join(', ');
}

function quotedLine(line: string): string {
  // Before it is cut: half a secret is not recognised any more.
  const redacted = redactText(line.slice(0, longestLine * 10));
  return redacted.length > longestLine ? `${redacted.slice(0, longestLine)}...` : redacted;
}
