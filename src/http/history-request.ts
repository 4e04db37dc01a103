import { z } from 'zod';
import { executionStatuses } from '../database/execution-status.ts';
import type { HistoryFilter, HistoryPosition } from '../database/executions.ts';
import { positionOf } from './cursor.ts';
import { parsed } from './execute-request.ts';

const text = z.string().min(1).max(253).optional();
const time = z.iso.datetime({ offset: true }).optional();

/** The query of `GET /api/v1/executions`. */
export const HistoryQuery = z
  .strictObject({
    action: text.describe('Name of the action, in snake_case'),
    namespace: text,
    kind: text.describe('Kind of the target, such as Deployment'),
    name: text.describe('Name of the target'),
    status: z.enum(executionStatuses).optional(),
    correlation_id: z.string().min(1).max(200).optional(),
    since: time.describe('Created at or after that time'),
    until: time.describe('Created before that time'),
    limit: z.coerce.number().int().min(1).max(500).default(50).describe('Executions on a page'),
    cursor: z.string().min(1).max(2_000).optional().describe('`next` of the page before'),
  })
  .meta({ id: 'HistoryQuery' });

export interface HistoryRequest {
  filter: HistoryFilter;
  after: HistoryPosition | undefined;
  limit: number;
}

export function parseHistoryRequest(query: Record<string, string>): HistoryRequest {
  const { limit, cursor, since, until, correlation_id, ...rest } = parsed(HistoryQuery, query);
  return {
    filter: {
      ...rest,
      correlationId: correlation_id,
      since: since === undefined ? undefined : new Date(since),
      until: until === undefined ? undefined : new Date(until),
    },
    after: cursor === undefined ? undefined : positionOf(cursor),
    limit,
  };
}
