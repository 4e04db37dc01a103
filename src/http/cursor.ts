import * as z from 'zod';
import type { HistoryPosition } from '../database/executions.ts';
import { ExecutionId } from './execution-id.ts';
import { Moment } from './moment.ts';

const Position = z.tuple([Moment, ExecutionId]);

/** A position in the history as callers pass it on: opaque, and safe in a URL. */
export function cursorOf({ createdAt, id }: HistoryPosition): string {
  return btoa(encodeURIComponent(JSON.stringify([createdAt.toISOString(), id]))).replace(
    /[+/=]/g,
    (sign) => signs[sign] ?? '',
  );
}

/** The position that a cursor of ours stands for; undefined for anything else. */
function positionOf(cursor: string): HistoryPosition | undefined {
  try {
    const text = decodeURIComponent(atob(cursor.replaceAll('-', '+').replaceAll('_', '/')));
    const [createdAt, id] = Position.parse(JSON.parse(text));
    return { createdAt: new Date(createdAt), id };
  } catch {
    return undefined;
  }
}

/** Base64's signs that a URL gives another meaning. */
const signs: Record<string, string> = { '+': '-', '/': '_', '=': '' };

/** `cursor` of a query. */
export const Cursor = z
  .string()
  .min(1)
  .max(2_000)
  .transform((cursor, context) => {
    const position = positionOf(cursor);
    if (position) return position;
    context.addIssue({
      code: 'custom',
      message: 'is not one that this service has given; take it unchanged from `next` of the page before',
    });
    return z.NEVER;
  })
  .optional()
  .describe('`next` of the page before');
