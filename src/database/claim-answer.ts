import { type Control, controlOf, type RawControl } from './controls.ts';

/** Times are RFC 3339, by the database's clock. */
export type ClaimAnswer =
  | {
      outcome: 'claimed';
      fence: number;
      createdAt: Date;
      startedAt: Date;
      deadline: Date;
      leaseUntil: Date;
      /** Another execution holds what was relied on, or may have changed it since: a second look is due. */
      doubtful: boolean;
    }
  | { outcome: 'recorded'; createdAt: Date; startedAt: Date; finishedAt: Date }
  | { outcome: 'duplicate'; id: string; requestHash: string | null }
  | { outcome: 'busy'; key: string; holder: { id: string; action: string; startedAt: Date } }
  | { outcome: 'undone'; by: string | null }
  | { outcome: 'cooling'; until: Date; by: string }
  | { outcome: 'stopped'; stop: Control }
  | {
      outcome: 'too_wide';
      scope: 'namespace' | 'cluster' | 'nodes';
      changed: number;
      most: number;
      until: Date | undefined;
    }
  | { outcome: 'over_quota'; used: number; most: number; windowMs: number; until: Date }
  | { outcome: 'full' }
  | { outcome: 'outdated' };

/** What the SQL function answers. */
export type RawAnswer =
  | {
      outcome: 'claimed';
      fence: number;
      created_at: string;
      started_at: string;
      deadline: string;
      lease_until: string;
      doubtful?: boolean;
    }
  | { outcome: 'recorded'; created_at: string; started_at: string; finished_at: string }
  | { outcome: 'duplicate'; id: string; request_hash: string | null }
  | { outcome: 'busy'; key: string; holder: { id: string; action: string; started_at: string } }
  | { outcome: 'undone'; by: string | null }
  | { outcome: 'cooling'; until: string; by: string }
  | ({ outcome: 'stopped' } & Omit<RawControl, 'stopped'>)
  | {
      outcome: 'too_wide';
      scope: 'namespace' | 'cluster' | 'nodes';
      changed: number;
      most: number;
      until: string | null;
    }
  | { outcome: 'over_quota'; used: number; most: number; window_ms: number; until: string }
  | { outcome: 'full' }
  | { outcome: 'outdated' };

/** An answer of the claim's SQL, as this service has it. */
export function parsedAnswer(answer: RawAnswer): ClaimAnswer {
  switch (answer.outcome) {
    case 'claimed':
      return {
        outcome: 'claimed',
        fence: answer.fence,
        createdAt: new Date(answer.created_at),
        startedAt: new Date(answer.started_at),
        deadline: new Date(answer.deadline),
        leaseUntil: new Date(answer.lease_until),
        doubtful: answer.doubtful ?? false,
      };
    case 'recorded':
      return {
        outcome: 'recorded',
        createdAt: new Date(answer.created_at),
        startedAt: new Date(answer.started_at),
        finishedAt: new Date(answer.finished_at),
      };
    case 'duplicate':
      return { outcome: 'duplicate', id: answer.id, requestHash: answer.request_hash };
    case 'busy': {
      const { id, action, started_at } = answer.holder;
      return { outcome: 'busy', key: answer.key, holder: { id, action, startedAt: new Date(started_at) } };
    }
    case 'cooling':
      return { outcome: 'cooling', until: new Date(answer.until), by: answer.by };
    case 'stopped':
      return { outcome: 'stopped', stop: controlOf({ ...answer, stopped: true }) };
    case 'too_wide':
      return { ...answer, until: answer.until === null ? undefined : new Date(answer.until) };
    case 'over_quota': {
      const { outcome, used, most, window_ms: windowMs, until } = answer;
      return { outcome, used, most, windowMs, until: new Date(until) };
    }
    case 'undone':
    case 'full':
    case 'outdated':
      return answer;
  }
}
