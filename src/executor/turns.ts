import type { ChangeRecord } from './record.ts';

/** What answered that a change has to wait, such as `budget shop/web`, and the least time that it asked for. */
export interface Refused {
  by: string;
  retryAfterMs: number;
}

/** `unanswered`: cut off, or failed for another reason. It says nothing of what holds the change back. */
export type TurnAnswer = Refused | 'granted' | 'unanswered';

/**
 * Who may send when, of the changes that run side by side. So many are under way at most; one that waits takes no place.
 * Those that the same thing holds back ask two at a time, and after a refusal one alone: the others need not ask.
 */
export interface Turns {
  /** Comes back when the change may be sent; what it gives must be called once that is over. */
  next(record: ChangeRecord, lane: string | undefined, signal: AbortSignal): Promise<(answer: TurnAnswer) => void>;
  /** The change waits for nothing any more. */
  over(record: ChangeRecord): void;
  /** The changes that wait, each with what holds it back. */
  blocked(): { record: ChangeRecord; by: string }[];
}

/** What holds several changes back. The next one asks when it opens again; each refusal closes it for longer. */
interface Lane {
  by: string;
  waiting: (() => void)[];
  asking: number;
  /** So many may ask at a time: one after a refusal, two once it was granted. */
  width: number;
  opening: boolean;
  refused: boolean;
  closedUntilMs: number;
  pauseMs: number;
}

const sideBySide = 16;
/**
 * Evictions under one budget get in the way of each other and of the budget's controller, which writes to it for each pod
 * that goes or comes: the API server then tries again after half a second, up to twenty times. Two at a time make up for
 * that wait. Measured under load: four or six were no faster, and some ran into the API server's 504.
 */
const widest = 2;
const firstPauseMs = 400;
const longestPauseMs = 2_000;

export function createTurns({ random = Math.random }: { random?: () => number } = {}): Turns {
  const lanes = new Map<string, Lane>();
  const laneOf = new Map<ChangeRecord, Lane>();
  const waitingForPlace: (() => void)[] = [];
  let free = sideBySide;

  const lane = (by: string): Lane => {
    const known = lanes.get(by);
    if (known) return known;
    const made = {
      by,
      waiting: [],
      asking: 0,
      width: widest,
      opening: false,
      refused: false,
      closedUntilMs: 0,
      pauseMs: firstPauseMs,
    };
    lanes.set(by, made);
    return made;
  };
  const leavePlace = () => {
    const next = waitingForPlace.shift();
    if (next) next();
    else free += 1;
  };
  const place = async (signal: AbortSignal) => {
    if (free > 0) free -= 1;
    else await turnIn(waitingForPlace, signal);
  };
  const close = (of: Lane, retryAfterMs: number) => {
    of.refused = true;
    of.width = 1;
    // Those that had asked before the first refusal came say nothing new.
    if (of.closedUntilMs > performance.now()) return;
    of.closedUntilMs = performance.now() + Math.max(of.pauseMs * (0.75 + random() / 2), retryAfterMs);
    of.pauseMs = Math.min(of.pauseMs * 2, longestPauseMs);
  };

  return {
    async next(record, by, signal) {
      signal.throwIfAborted();
      // What refused it last knows better than the plan who holds it back.
      const own = laneOf.get(record) ?? (by === undefined ? undefined : lane(by));
      if (own) {
        laneOf.set(record, own);
        await laneTurn(own, signal);
      }
      try {
        await place(signal);
      } catch (error) {
        if (own) leaveLane(own);
        throw error;
      }
      return (answer) => {
        leavePlace();
        if (typeof answer === 'object') {
          const other = lane(answer.by);
          laneOf.set(record, other);
          close(other, answer.retryAfterMs);
        } else if (answer === 'granted' && own && own.closedUntilMs <= performance.now()) {
          own.refused = false;
          own.pauseMs = firstPauseMs;
          own.width = widest;
        }
        if (own) leaveLane(own);
      };
    },
    over: (record) => void laneOf.delete(record),
    blocked: () => [...laneOf].flatMap(([record, { by, refused }]) => (refused ? [{ record, by }] : [])),
  };
}

/** Waits for the lane to open, and for those that came before. */
async function laneTurn(lane: Lane, signal: AbortSignal): Promise<void> {
  const turn = turnIn(lane.waiting, signal);
  handOn(lane);
  await turn;
}

function leaveLane(lane: Lane): void {
  lane.asking -= 1;
  handOn(lane);
}

/** Lets the next ones ask, at once or when the lane opens. */
function handOn(lane: Lane): void {
  const closedForMs = lane.closedUntilMs - performance.now();
  if (closedForMs > 0) {
    if (lane.opening || lane.waiting.length === 0) return;
    lane.opening = true;
    setTimeout(() => {
      lane.opening = false;
      handOn(lane);
    }, closedForMs);
    return;
  }
  while (lane.asking < lane.width) {
    const next = lane.waiting.shift();
    if (!next) return;
    lane.asking += 1;
    next();
  }
}

/** A place in a queue; given up when the signal ends. */
function turnIn(queue: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const go = () => {
      signal.removeEventListener('abort', leave);
      resolve();
    };
    const leave = () => {
      const index = queue.indexOf(go);
      if (index >= 0) queue.splice(index, 1);
      reject(signal.reason);
    };
    queue.push(go);
    signal.addEventListener('abort', leave, { once: true });
  });
}
