import type { LogLevel } from '../config/log-level.ts';

/** A log line before it is written; without secrets. */
export type LogLine = {
  time: string;
  level: LogLevel;
  message: string;
  trace_id?: string;
  span_id?: string;
  fields: Record<string, unknown>;
};

/** One line with its line break: an object of JSON, or for a person the time of day, the level, the message and the fields. */
export function formatLine(line: LogLine, format: 'json' | 'text'): string {
  const { fields, ...own } = line;
  // The line's own names win over fields that are called the same.
  if (format === 'json') return `${JSON.stringify({ ...own, ...fields, ...own })}\n`;
  const rest = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${visible(`${line.time.slice(11, 23)} ${line.level.toUpperCase().padEnd(5)} ${line.message}${rest.join('')}`)}\n`;
}

/** What a request brings in must neither begin a new line nor steer the terminal. */
function visible(text: string): string {
  return text
    .replaceAll('\n', '\\n')
    .replaceAll(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
