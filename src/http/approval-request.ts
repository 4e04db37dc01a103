import * as z from 'zod';
import { wholeNumber } from '../actions/parameters.ts';
import { Refusal } from '../actions/refusal.ts';
import type { DecideRequest } from '../approvals/decide.ts';
import { approvalStatuses } from '../database/approval-status.ts';
import { Cursor } from './cursor.ts';
import { pointerKey } from '../executor/parameter-pointer.ts';
import { parsed } from './parse.ts';

/** The query of `GET /api/v1/approvals`. */
export const ApprovalQuery = z
  .strictObject({
    status: z.enum(approvalStatuses).optional(),
    limit: wholeNumber({ min: 1, max: 500 }).default(50).describe('Approvals on a page'),
    cursor: Cursor,
  })
  .meta({ id: 'ApprovalQuery' });

export function parseApprovalQuery(query: URLSearchParams): z.output<typeof ApprovalQuery> {
  const given = [...query.keys()];
  const twice = new Set(given.filter((key, index) => given.indexOf(key) < index));
  const faults = [...twice].map((key) => ({ pointer: `/${pointerKey(key)}`, detail: 'is given twice' }));
  return parsed(ApprovalQuery, Object.fromEntries(query), faults);
}

/** The body of a decision; it may be left out. */
export const DecideBody = z
  .strictObject({ comment: z.string().max(1_000).nullish().describe('Why; kept in the record') })
  .meta({ id: 'DecideBody' });

/** 428 without If-Match; 412 for `*`, which names no plan. */
export function parseDecideRequest(id: string, body: unknown, ifMatch: string | undefined): DecideRequest {
  const { comment } = parsed(DecideBody, body === undefined ? {} : body);
  if (ifMatch === undefined || ifMatch.trim() === '')
    throw new Refusal('precondition_required', `To decide approval ${id} takes If-Match`);
  if (ifMatch.trim() === '*') throw new Refusal('approval_stale', `If-Match: * names no plan of approval ${id}`);
  // A weak tag is another: what is decided on has to be exactly that.
  const hashes = ifMatch.split(',').flatMap((tag) => /^"([^"]*)"$/.exec(tag.trim())?.[1] ?? []);
  return { id, hashes, comment: comment?.trim() || undefined };
}
