import { expect } from 'vitest';
import type { Answer } from '../support/service.ts';

export interface ExpectedProblem {
  status: number;
  code: string;
  /** Where the faults are: each of them must be told. */
  pointers?: readonly string[];
  /** What was sent: every pointer must lead into it, or to a member that is missing there. */
  sent?: unknown;
}

/** The answer is a whole problem document (RFC 9457) of that status and code. */
export function expectProblem({ status, headers, body }: Answer, expected: ExpectedProblem): void {
  expect({ status, code: body?.code, errors: body?.errors }).toMatchObject({
    status: expected.status,
    code: expected.code,
  });
  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(body).toMatchObject({
    type: `urn:executor-service:problem:${expected.code}`,
    title: expect.stringMatching(/^[A-Z]/),
    status: expected.status,
    detail: expect.stringMatching(/\S/),
    instance: expect.stringMatching(/^\//),
  });
  expect(body.detail).not.toMatch(/undefined|\[object|Invalid (input|Date)/);
  const told: { pointer: string; detail: string }[] = body.errors ?? [];
  for (const { detail } of told) expect(detail).toMatch(/\S/);
  if (expected.pointers)
    expect(told.map(({ pointer }) => pointer)).toEqual(expect.arrayContaining([...expected.pointers]));
  if (expected.sent !== undefined) {
    expect(told.map(({ pointer }) => pointer).filter((pointer) => !leadsInto(expected.sent, pointer))).toEqual([]);
  }
  if (status === 429 || status === 503) {
    expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(new Date(body.retry_at).toISOString()).toBe(body.retry_at);
  }
}

/** Whether the JSON pointer names a value of the document, or one that could be there: a member that is missing, or of one. */
function leadsInto(document: unknown, pointer: string): boolean {
  if (pointer === '') return true;
  const keys = pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  let value = document;
  for (const key of keys.slice(0, -1)) {
    if (typeof value === 'object' && value !== null && (Reflect.get(value, key) ?? undefined) === undefined)
      return true;
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
    value = (value as Record<string, unknown>)[key];
  }
  return typeof value === 'object' && value !== null && pointer.startsWith('/');
}
