import { z } from 'zod';
import { Refusal } from '../actions/refusal.ts';
import type { HistoryPosition } from '../database/executions.ts';

const Position = z.tuple([z.iso.datetime(), z.string()]);

/** A position in the history as callers pass it on: opaque, and safe in a URL. */
export function cursorOf({ createdAt, id }: HistoryPosition): string {
  return btoa(encodeURIComponent(JSON.stringify([createdAt.toISOString(), id]))).replace(/[+/=]/g, (sign) => signs[sign] ?? '');
}

/** The position that a cursor of ours stands for; anything else is refused. */
export function positionOf(cursor: string): HistoryPosition {
  try {
    const text = decodeURIComponent(atob(cursor.replaceAll('-', '+').replaceAll('_', '/')));
    const [createdAt, id] = Position.parse(JSON.parse(text));
    return { createdAt: new Date(createdAt), id };
  } catch (error) {
    throw new Refusal('validation_failed', 'cursor is not one that this service has given', {
      errors: [{ pointer: '/cursor', detail: 'take it unchanged from `next` of the page before' }],
      cause: error,
    });
  }
}

/** Base64's signs that a URL gives another meaning. */
const signs: Record<string, string> = { '+': '-', '/': '_', '=': '' };
