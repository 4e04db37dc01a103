import type { JsonObject } from '../json.ts';
import type { ChangeRecord, ProgressRecord } from './record.ts';

/** What a change waits for. */
export interface Blocked {
  record: ChangeRecord;
  by: string;
}

/**
 * How far a run has come: of its evictions where it has any, else of its changes. The message says what holds it up:
 * `7 of 12, blocked by budget shop/web`.
 */
export function progressOf(
  records: readonly ChangeRecord[],
  { blocked, waitingFor }: { blocked: readonly Blocked[]; waitingFor: string },
): ProgressRecord {
  const { counted, done } = counts(records);
  const by = [...new Set(blocked.map((one) => one.by))].sort();
  const held = by.length > 0 ? `blocked by ${by.join(' and ')}` : waitingFor;
  const total = counted.length;
  return { done, total, message: held === '' ? '' : `${done} of ${total}, ${held}` };
}

/** The same for a run that has ended before it was through. */
export function partlyDone(
  records: readonly ChangeRecord[],
  { blocked, waitingFor }: { blocked: readonly Blocked[]; waitingFor: string },
): string {
  const { done, total, message } = progressOf(records, { blocked, waitingFor: '' });
  if (message !== '') return message;
  const what = isEviction(counts(records).counted[0]) ? 'pods evicted' : 'changes took effect';
  return `${done} of ${total} ${what}${waitingFor === '' ? '' : `; ${waitingFor}`}`;
}

/** For the result of a run that evicts: how many pods, and what holds which one back. */
export function evictionsOf(records: readonly ChangeRecord[], blocked: readonly Blocked[]): JsonObject {
  const { counted, done } = counts(records);
  if (!isEviction(counted[0])) return {};
  const held = blocked.map(({ record: { target }, by }) => ({ pod: `${target.namespace ?? ''}/${target.name}`, by }));
  return { evicted: done, total: counted.length, blocked: held };
}

function counts(records: readonly ChangeRecord[]): { counted: readonly ChangeRecord[]; done: number } {
  const evictions = records.filter(isEviction);
  const counted = evictions.length > 0 ? evictions : records;
  return { counted, done: counted.filter(({ status }) => status === 'applied' || status === 'skipped').length };
}

function isEviction(record: ChangeRecord | undefined): boolean {
  return record?.kind === 'evict';
}
