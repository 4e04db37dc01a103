import type { ObjectReference } from '../kubernetes/object.ts';

/** What the rules may ask of the history. Times are the database's. */
export interface RuleHistory {
  /** How often the target was scaled to and fro, and restarted, in so long a time until now; newest first. */
  oscillation(
    target: ObjectReference,
    windowMs: number,
  ): Promise<{ flips: Date[]; direction: 'up' | 'down' | undefined; restarts: Date[] }>;
  /** How often the action has failed on the target since it last went well, or since that was acknowledged. */
  failures(
    target: ObjectReference,
    action: string,
  ): Promise<{ count: number; last: { id: string; at: Date } | undefined }>;
}
