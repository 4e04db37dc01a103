import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Audit, auditFromNow } from '../support/audit.ts';
import { type Answer, type Service, startService } from '../support/service.ts';
import { badBodies, badValues } from './bad-requests.ts';
import { expectProblem } from './expect-problem.ts';
import { faultsTogether } from './faults-together.ts';
import { jsonTypes, left, recommendation, sampleOf, spoilt, workflow } from './good-requests.ts';
import { countCalls, rowCounts } from './write-count.ts';

const namespace = 'bad-input';
const { calls, faults } = countCalls();
let service: Service;
let audit: Audit;
let before: { rows: Record<string, number>; calls: number };

beforeAll(async () => {
  service = await startService({ faults });
  audit = await auditFromNow();
});

beforeEach(async () => {
  before = { rows: await rowCounts(service), calls: calls() };
});

afterEach(async () => {
  expect({ rows: await rowCounts(service), calls: calls() }).toEqual(before);
});

afterAll(async () => {
  expect(await audit.requests({ namespace })).toEqual([]);
  await service.close();
});

const execute = (body: unknown, headers?: Record<string, string>): Promise<Answer> =>
  service.post('/api/v1/execute', body, headers);

/** Refused for its form: every fault told, at or below the pointer. */
async function expectRefused(body: unknown, pointer: string): Promise<void> {
  const answer = await execute(body);

  expectProblem(answer, { status: 422, code: 'validation_failed', sent: body });
  expect(answer.body.hint).toMatch(/\S/);
  const told: { pointer: string }[] = answer.body.errors;
  expect(told.filter((fault) => fault.pointer === pointer || fault.pointer.startsWith(`${pointer}/`))).not.toEqual([]);
}

describe.each([recommendation(namespace), workflow(namespace)])('the $shape shape', ({ shape, body, fields }) => {
  const wrongTypes = fields.flatMap(({ pointer, takes }) =>
    jsonTypes.filter((type) => !takes.includes(type)).map((type) => ({ pointer, type, value: sampleOf[type] })),
  );

  // A text in the place of /action is the other shape's.
  test.each(wrongTypes)('refuses $type in $pointer', async ({ pointer, value }) => {
    await expectRefused(spoilt(body, pointer, value), pointer);
  });

  test.each(fields.filter(({ required }) => required))('refuses to do without $pointer', async ({ pointer }) => {
    await expectRefused(spoilt(body, pointer, left.out), pointer);
  });

  test.each(badValues.filter(({ field }) => fields.some(({ pointer }) => pointer.endsWith(field))))(
    'refuses $title',
    async ({ field, value }) => {
      const pointer = fields.find((each) => each.pointer.endsWith(field))?.pointer ?? field;
      await expectRefused(spoilt(body, pointer, value), pointer);
    },
  );

  const objects = [
    '',
    ...fields.map(({ pointer }) => pointer).filter((pointer) => /parameters$|target$|alert$/.test(pointer)),
    ...(shape === 'recommendation' ? ['/action'] : []),
  ];
  test.each(objects)('refuses fields that are not known, in "%s"', async (pointer) => {
    for (const key of ['bogus', 'Namespace', '__proto__', 'constructor', 'prototype', 'a/b~c', '', '💥', 'dryRun']) {
      const escaped = key.replaceAll('~', '~0').replaceAll('/', '~1');
      await expectRefused(withOwn(body, pointer, key), `${pointer}/${escaped}`);
    }
  });

  test.each(['\u0000', 'a\u0000b', '\ud800', 'x\udc00\ud800'])(
    'refuses what no database keeps as text, wherever it stands: %j',
    async (value) => {
      const texts = fields.filter(
        ({ pointer }) =>
          !/action$|timeout$|override|allow|dry_run|replicas|priority|confidence|labels$|annotations$|parameters$|metadata$|reasoning$|target$|alert$/.test(
            pointer,
          ),
      );
      for (const { pointer } of texts) await expectRefused(spoilt(body, pointer, value), pointer);
    },
  );
});

test.each(badBodies(namespace))('refuses $title', async ({ body, pointers }) => {
  const answer = await execute(body);

  expectProblem(answer, { status: 422, code: 'validation_failed', pointers, sent: body });
});

test.each(faultsTogether(namespace))('tells of all faults at once: $title', async ({ body, pointers }) => {
  const answer = await execute(body);

  expectProblem(answer, { status: 422, code: 'validation_failed', sent: body });
  expect(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted()).toEqual(
    [...pointers].toSorted(),
  );
});

test.each([
  ['an empty one', ''],
  ['one of 256 characters', 'k'.repeat(256)],
  ['one with a control character', 'a\tb\u0085'],
])('refuses an Idempotency-Key, together with the faults of the body: %s', async (_title, key) => {
  const body = { ...workflow(namespace).body, timeout: 'soon' };

  const answer = await execute(body, { 'idempotency-key': key });
  const rollback = await service.post('/api/v1/executions/some-id/rollback', { force: 1 }, { 'idempotency-key': key });

  expectProblem(answer, { status: 422, code: 'validation_failed', pointers: ['/idempotency-key', '/timeout'] });
  expectProblem(rollback, { status: 422, code: 'validation_failed', pointers: ['/idempotency-key', '/force'] });
});

test.each([
  [{ 'x-request-id': 'a b\u00e9<script>' }],
  [{ 'x-request-id': 'x'.repeat(5_000) }],
  [{ traceparent: '00-zz-zz-01', tracestate: '=,=' }],
  [{ traceparent: '\u00ff'.repeat(300) }],
  [{ prefer: 'wait=-1, respond-async=,;' }],
])('garbage in headers that do not matter is left alone: %j', async (headers) => {
  const answer = await execute({}, headers);

  expectProblem(answer, { status: 422, code: 'validation_failed', sent: {} });
  expect(answer.headers.get('x-request-id')).toBeNull();
});

/** With a member of its own, also where an assignment would mean another thing. */
function withOwn(body: unknown, pointer: string, key: string): unknown {
  const copy: unknown = structuredClone(body);
  let node = copy as Record<string, unknown>;
  for (const part of pointer.split('/').slice(1)) node = node[part] as Record<string, unknown>;
  Object.defineProperty(node, key, { value: { namespace: 'other', resource_name: 'other' }, enumerable: true });
  return copy;
}
