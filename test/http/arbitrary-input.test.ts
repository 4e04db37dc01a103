import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditFromNow } from '../support/audit.ts';
import { type Answer, type Service, startService } from '../support/service.ts';
import { expectProblem } from './expect-problem.ts';
import { type GoodRequest, recommendation, spoilt, workflow } from './good-requests.ts';
import { rowCounts } from './write-count.ts';

/** Where nothing is: what happens to be a good request finds no object, and has no effect either. */
const namespace = 'nowhere';
const longestMs = 30_000;
const seconds = 120;
let service: Service;

beforeAll(async () => {
  service = await startService();
});

afterAll(async () => {
  await service.close();
});

async function timely(answered: Promise<Answer>): Promise<Answer> {
  const startedMs = performance.now();
  const answer = await answered;
  expect(performance.now() - startedMs).toBeLessThan(longestMs);
  return answer;
}

/** A problem of the 400s, and nothing written, whatever was sent. */
async function expectHarmless(send: () => Promise<Answer>): Promise<void> {
  const answer = await timely(send());

  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expectProblem(answer, { status: answer.status, code: answer.body.code });
}

async function expectNoTrace(run: () => Promise<void>): Promise<void> {
  const audit = await auditFromNow();
  const before = await rowCounts(service);
  await run();
  expect(await rowCounts(service)).toEqual(before);
  expect(await audit.writes({ namespace })).toEqual([]);
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('\u0000', '\ud800', '__proto__', 'scale_deployment', '120s', '', 'web-server'),
);
const anyJson = fc.oneof(
  fc.jsonValue(),
  fc.object({
    key: anyText,
    values: [anyText, fc.integer(), fc.double(), fc.boolean(), fc.constant(null)],
    maxDepth: 4,
  }),
);

test('an arbitrary JSON body never fails the service', { timeout: seconds * 1_000 }, async () => {
  await expectNoTrace(async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('/api/v1/execute', '/api/v1/executions/none/rollback'),
        anyJson,
        async (path, body) => {
          await expectHarmless(() => service.post(path, body));
        },
      ),
      { numRuns: 400 },
    );
  });
});

test(
  'a good request with arbitrary JSON in arbitrary places never fails the service',
  { timeout: seconds * 1_000 },
  async () => {
    const spoiltRequest = ({ body, fields }: GoodRequest) =>
      fc
        .array(fc.tuple(fc.constantFrom(...fields.map(({ pointer }) => pointer)), fc.oneof(anyJson, anyText)), {
          minLength: 1,
          maxLength: 4,
        })
        .map((edits) => edits.reduce<unknown>((spoiled, [pointer, value]) => spoilt(spoiled, pointer, value), body));
    await expectNoTrace(async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(spoiltRequest(recommendation(namespace)), spoiltRequest(workflow(namespace))),
          async (body) => {
            await expectHarmless(() => service.post('/api/v1/execute', body));
          },
        ),
        { numRuns: 600 },
      );
    });
  },
);

test('arbitrary bytes never fail the service', { timeout: seconds * 1_000 }, async () => {
  const send = async (bytes: Uint8Array<ArrayBuffer>): Promise<Answer> => {
    const response = await service.app.request('/api/v1/execute', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: bytes,
    });
    return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
  };
  await expectNoTrace(async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await expectHarmless(() => send(new Uint8Array(bytes)));
      }),
      { numRuns: 200 },
    );
  });
});

test('arbitrary ids, queries and keys never fail the service', { timeout: seconds * 1_000 }, async () => {
  const printable = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) });
  await expectNoTrace(async () => {
    await fc.assert(
      fc.asyncProperty(anyText, anyText, printable, async (key, value, header) => {
        const encoded = encodeURIComponent(value.toWellFormed());
        const query = await timely(
          service.get(`/api/v1/executions?${encodeURIComponent(key.toWellFormed())}=${encoded}&name=${encoded}`),
        );
        expect([200, 422]).toContain(query.status);
        if (!['', '.', '..'].includes(value)) await expectHarmless(() => service.get(`/api/v1/status/${encoded}`));
        await expectHarmless(() =>
          service.post(
            '/api/v1/execute',
            {},
            { 'idempotency-key': header, 'x-request-id': header, traceparent: header },
          ),
        );
      }),
      { numRuns: 200 },
    );
  });
});
