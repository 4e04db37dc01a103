import { logs, SeverityNumber, trace, isSpanContextValid } from '@opentelemetry/api';
import type { LogLevel } from '../config/log-level.ts';
import { logLevels } from '../config/log-level.ts';
import { describeError } from './describe-error.ts';
import { formatLine, type LogLine } from './format-line.ts';
import { redact } from './redact.ts';

/** Values beside the message. An `Error` is written with its message, stack and causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where log lines go. A message says what happened to which object; what a reader filters by is a field as well. */
export type Logger = {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger whose every line has these fields too. */
  with(fields: LogFields): Logger;
};

export type LoggerOptions = {
  level: LogLevel;
  /** Takes one line with its line break: `process.stdout.write`, or the console of an edge runtime. */
  write: (line: string) => void;
  /** `json` for machines, one object a line; `text` for a person at a terminal. */
  format?: 'json' | 'text';
  now?: () => Date;
};

const severities = {
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
};

/**
 * A logger that writes time, level, message, the ids of the span under way, and the fields; secrets are taken out of
 * messages and fields. The same record goes to OpenTelemetry's logs, which drop it where nothing exports them.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { level, write, format = 'json', now = () => new Date() } = options;
  const lowest = logLevels.indexOf(level);
  return loggerWith({});

  function loggerWith(always: LogFields): Logger {
    const at = (lineLevel: LogLevel) => (message: string, fields?: LogFields) => {
      if (logLevels.indexOf(lineLevel) < lowest) return;
      const line = lineOf({ time: now(), level: lineLevel, message, fields: { ...always, ...fields } });
      write(formatLine(line, format));
      emit(line);
    };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      with: (more) => loggerWith({ ...always, ...more }),
    };
  }
}

function lineOf(event: { time: Date; level: LogLevel; message: string; fields: LogFields }): LogLine {
  const { time, level, message, fields } = event;
  const described = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, describeError(value)]));
  const span = trace.getActiveSpan()?.spanContext();
  const ids = span && isSpanContextValid(span) ? { trace_id: span.traceId, span_id: span.spanId } : {};
  const clean = redact({ message, fields: described });
  return { time: time.toISOString(), level, ...ids, ...asLine(clean) };
}

/** `redact` keeps the shape of plain data; only its type is lost on the way. */
function asLine(clean: unknown): { message: string; fields: Record<string, unknown> } {
  return clean as { message: string; fields: Record<string, unknown> };
}

function emit(line: LogLine): void {
  const attributes = Object.fromEntries(Object.entries(line.fields).map(([name, value]) => [name, attributeOf(value)]));
  const severityNumber = severities[line.level];
  logs.getLogger('executor-service').emit({
    timestamp: new Date(line.time),
    severityNumber,
    severityText: line.level.toUpperCase(),
    body: line.message,
    attributes,
  });
}

function attributeOf(value: unknown): string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : (JSON.stringify(value) ?? '');
}
