/** The levels that lines are counted by; `other` where a line names none. */
export const logLevels = ['fatal', 'error', 'warning', 'info', 'debug', 'other'] as const;
export type LineLevel = (typeof logLevels)[number];

/** The level of a log line: a field of JSON or logfmt, the letter of klog, or a word near its beginning. */
export function levelOf(line: string): LineLevel {
  const klog = /^([IWEF])\d{4} \d{2}:\d{2}/.exec(line)?.[1];
  if (klog) return named[klog] ?? 'other';
  const field = /["']?\b(?:level|lvl|severity|log\.level)["']?\s?[=:]\s?["']?([A-Za-z]+)/i.exec(line)?.[1];
  const word =
    field ??
    /(?:^|[^A-Za-z0-9_-])(FATAL|CRITICAL|PANIC|ERROR|ERR|WARNING|WARN|INFO|NOTICE|DEBUG|TRACE)(?![A-Za-z0-9_-])/.exec(
      line.slice(0, 120),
    )?.[1];
  return named[word?.toLowerCase() ?? ''] ?? 'other';
}

const named: Record<string, LineLevel> = {
  F: 'fatal',
  E: 'error',
  W: 'warning',
  I: 'info',
  fatal: 'fatal',
  critical: 'fatal',
  crit: 'fatal',
  alert: 'fatal',
  emergency: 'fatal',
  panic: 'fatal',
  error: 'error',
  err: 'error',
  warning: 'warning',
  warn: 'warning',
  info: 'info',
  notice: 'info',
  debug: 'debug',
  trace: 'debug',
};
