import * as z from 'zod';
import { wholeNumber } from '../actions/parameters.ts';
import { findAction } from '../actions/registry.ts';
import { executionStatuses } from '../database/execution-status.ts';
import type { HistoryFilter, HistoryPosition } from '../database/executions.ts';
import { pointerKey } from '../executor/parameter-pointer.ts';
import { findKind } from '../kubernetes/kinds.ts';
import { Cursor } from './cursor.ts';
import { acceptedFormat, type HistoryFormat, historyFormats, notAcceptable } from './history-format.ts';
import { Moment } from './moment.ts';
import { parsed } from './parse.ts';

const text = z.string().min(1).max(253).optional();

const usualOnPage = 50;
const mostOnPage = 500;
const mostExported = 1_000_000_000;

/** The query of `GET /api/v1/executions`. */
export const HistoryQuery = z
  .strictObject({
    action: text.describe('Name of the action'),
    namespace: text,
    kind: text.describe('Kind of the target, such as Deployment'),
    name: text.describe('Name of the target'),
    status: z.enum(executionStatuses).optional(),
    correlation_id: z.string().min(1).max(200).optional(),
    since: Moment.optional().describe('Created at or after that time'),
    until: Moment.optional().describe('Created before that time'),
    limit: wholeNumber({ min: 1, max: mostExported })
      .optional()
      .describe(
        `Executions on a page: ${usualOnPage} without it, ${mostOnPage} at the most. Of an export: as many at the most; without it all`,
      ),
    cursor: Cursor,
    format: z
      .enum(historyFormats)
      .optional()
      .describe('What to give it as, whatever `Accept` says: a page of JSON, or an export as NDJSON or CSV'),
  })
  .meta({ id: 'HistoryQuery' });

export type HistoryRequest = {
  filter: HistoryFilter;
  after: HistoryPosition | undefined;
} & ({ format: 'json'; limit: number } | { format: Exclude<HistoryFormat, 'json'>; limit: number | undefined });

/** Actions and kinds may be spelt as in a request to execute. 406 where `accept` takes nothing that there is. */
export function parseHistoryRequest(query: URLSearchParams, accept: string | undefined): HistoryRequest {
  const given = [...query.keys()];
  const twice = new Set(given.filter((key, index) => given.indexOf(key) < index));
  const liked = acceptedFormat(accept);
  const isPage = (query.get('format') ?? liked) === 'json';
  const elsewhere = [
    ...[...twice].map((key) => ({ pointer: `/${pointerKey(key)}`, detail: 'is given twice' })),
    ...(isPage && Number(query.get('limit')) > mostOnPage ? [tooManyOnPage] : []),
  ];
  const {
    limit,
    cursor,
    since,
    until,
    correlation_id,
    action,
    kind,
    format: asked,
    ...rest
  } = parsed(HistoryQuery, Object.fromEntries(query), elsewhere);
  const format = asked ?? liked;
  if (!format) throw notAcceptable(accept);
  return {
    ...(format === 'json' ? { format, limit: limit ?? usualOnPage } : { format, limit }),
    filter: {
      ...rest,
      action: action === undefined ? undefined : (findAction(action)?.name ?? action),
      kind: kind === undefined ? undefined : (findKind(kind)?.kind ?? kind),
      correlationId: correlation_id,
      since: since === undefined ? undefined : new Date(since),
      until: until === undefined ? undefined : new Date(until),
    },
    after: cursor,
  };
}

const tooManyOnPage = {
  pointer: '/limit',
  detail: `must be at most ${mostOnPage} on a page; an export (format=csv, format=ndjson) may be longer`,
};
