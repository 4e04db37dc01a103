import * as z from 'zod';
import { pointerKey } from '../executor/parameter-pointer.ts';
import { Moment } from './moment.ts';
import { parsed } from './parse.ts';

/** The query of `GET /api/v1/audit`: by the time of an entry's place in the chain, a second or so after it was committed. */
export const AuditQuery = z
  .strictObject({
    since: Moment.optional().describe('Chained at or after that time'),
    until: Moment.optional().describe('Chained before that time'),
  })
  .meta({ id: 'AuditQuery' });

export function parseAuditRequest(query: URLSearchParams): { since: Date | undefined; until: Date | undefined } {
  const given = [...query.keys()];
  const twice = new Set(given.filter((key, index) => given.indexOf(key) < index));
  const faults = [...twice].map((key) => ({ pointer: `/${pointerKey(key)}`, detail: 'is given twice' }));
  const { since, until } = parsed(AuditQuery, Object.fromEntries(query), faults);
  return {
    since: since === undefined ? undefined : new Date(since),
    until: until === undefined ? undefined : new Date(until),
  };
}
