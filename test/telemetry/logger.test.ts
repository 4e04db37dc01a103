import { expect, test } from 'vitest';
import { createLogger, type LoggerOptions } from '../../src/telemetry/logger.ts';

function collect(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const log = createLogger({
    level: 'info',
    write: (line) => void lines.push(line),
    now: () => new Date(0),
    ...options,
  });
  return { log, lines };
}

test('a line is one JSON object with time, level, message and fields', () => {
  const { log, lines } = collect();

  log.with({ replica: 'a' }).info('Deployment shop/web\nwas scaled', { replicas: 3 });

  expect(lines).toEqual([
    '{"time":"1970-01-01T00:00:00.000Z","level":"info","message":"Deployment shop/web\\nwas scaled","replica":"a","replicas":3}\n',
  ]);
});

test('lines below the level are not written', () => {
  const { log, lines } = collect({ level: 'warn' });

  log.debug('a');
  log.info('b');
  log.warn('c');
  log.error('d');

  expect(lines).toHaveLength(2);
});

test('secrets are taken out of messages, fields and errors', () => {
  const { log, lines } = collect();
  const error = new Error('connect to postgres://me:hunter2@db/x', { cause: new Error('password=hunter2') });

  log.error('failed with token=hunter2', {
    error,
    authorization: 'Bearer hunter2',
    secret: { kind: 'Secret', data: { a: 'hunter2' } },
  });

  expect(lines.join()).not.toContain('hunter2');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    error: { name: 'Error', cause: { message: 'password=[redacted]' } },
    authorization: '[redacted]',
  });
});

test('a field does not pose as the line’s own', () => {
  const { log, lines } = collect();

  log.info('real', { message: 'forged', level: 'error', time: 0 });

  expect(JSON.parse(lines[0] ?? '')).toEqual({ time: '1970-01-01T00:00:00.000Z', level: 'info', message: 'real' });
});

test('what can’t be written as JSON does not stop a line', () => {
  const { log, lines } = collect();
  const circular: Record<string, unknown> = { big: 1n };
  circular.self = circular;

  log.info('odd', { circular, nothing: undefined, run: () => 1 });

  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ circular: { big: '1', self: '[circular]' } });
});

test('for a person it is a line of text', () => {
  const { log, lines } = collect({ format: 'text' });

  log.warn('slow', { ms: 5, target: 'shop/web' });

  expect(lines).toEqual(['00:00:00.000 WARN  slow ms=5 target=shop/web\n']);
});

test('a person’s terminal is not steered by what a request brought in', () => {
  const { log, lines } = collect({ format: 'text' });

  log.info('a\n12:00:00.000 ERROR forged\u001b[2J');

  expect(lines).toEqual(['00:00:00.000 INFO  a\\n12:00:00.000 ERROR forged\\u001b[2J\n']);
});
