import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '../actions/refusal.ts';
import type { ClaimAnswer } from '../database/claim-answer.ts';
import type { NewExecution } from '../database/claim.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { claimRefused } from './claim-refusals.ts';
import { claimSurely } from './claim-surely.ts';
import type { ExecutorContext } from './context.ts';
import { cooldownKey, heldKeys, objectKey } from './held-objects.ts';
import type { Prepared } from './prepare.ts';

/** Where a request ended up: its own run, a row that is over already, or the run that an earlier same request began. */
export interface Admission {
  answer: Extract<ClaimAnswer, { outcome: 'claimed' | 'recorded' | 'duplicate' }>;
  /** `performance.now()` before the claim was sent. */
  claimedAtMs: number;
}

/** The turn of a queued execution is over: it waits for what stood in its way, in the queue again, or from now on. */
export class TurnOver extends Error {
  readonly outcome: Waits;

  constructor(outcome: Waits) {
    super(whyItWaits[outcome]);
    this.name = 'TurnOver';
    this.outcome = outcome;
  }
}

/** Another execution has changed the objects of the plan after they were read for it. */
export class PlannedTooEarly extends Refusal {
  constructor({ target, action }: Pick<Prepared, 'target' | 'action'>) {
    super(
      'conflict',
      `${target ? describeReference(target) : action} was changed by another execution in the meantime`,
    );
    this.name = 'PlannedTooEarly';
  }
}

type Waits = 'busy' | 'full' | 'stopped';
const whyItWaits: Record<Waits, string> = {
  busy: 'The target is held',
  full: 'No slot is free',
  stopped: 'There is an emergency stop',
};

const firstPauseMs = 25;
const longestPauseMs = 250;

/**
 * Claims target, cooldown and slot for a run (`run`), or writes the row of one that is over. Waits a bounded time for
 * a slot. Throws a Refusal that says who or what stands against it, and until when. With `queuedFence` the row is one from
 * the queue, with `polite` it may go there: it throws TurnOver where the target or a slot is not to be had now, or is
 * stopped. Throws PlannedTooEarly where it has to be planned anew first.
 */
export async function admit(
  context: ExecutorContext,
  prepared: Prepared,
  {
    run,
    row,
    message,
    queuedFence,
    polite,
  }: {
    run: boolean;
    row: NewExecution;
    message: string;
    queuedFence?: number | undefined;
    polite?: boolean | undefined;
  },
): Promise<Admission> {
  const { cluster, settings, now } = context;
  const { maxConcurrent, leaseMs, waitForSlotMs, cooldownPeriodMs } = settings.actions;
  const cools = run && settings.safety.enableCooldown && cooldownPeriodMs > 0;
  const key = cools ? cooldownKey(cluster.name, prepared) : undefined;
  const waitUntilMs = performance.now() + waitForSlotMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    if (context.stopping.aborted) throw stopping(now());
    const claimedAtMs = performance.now();
    const answer = await claimSurely(context, {
      run,
      row,
      event: { type: run ? 'execution.started' : `execution.${row.status}`, message },
      locks: row.dryRun ? [] : heldKeys(cluster.name, prepared),
      slots: maxConcurrent,
      leaseMs,
      idempotencyMs: settings.database.idempotencyMs,
      queuedFence,
      polite,
      ...(run
        ? {
            readAtMs: prepared.readAtMs,
            relies: prepared.relies.map((object) => objectKey(cluster.name, object)),
            quotas: prepared.quotas,
          }
        : {}),
      ...(run && prepared.radius ? { radius: prepared.radius } : {}),
      ...(key ? { cooldown: { key, periodMs: cooldownPeriodMs } } : {}),
    });
    if (answer.outcome === 'claimed' || answer.outcome === 'recorded' || answer.outcome === 'duplicate') {
      return { answer, claimedAtMs };
    }
    if ((queuedFence !== undefined || polite) && isWaitedFor(answer)) throw new TurnOver(answer.outcome);
    if (answer.outcome === 'outdated') throw new PlannedTooEarly(prepared);
    if (answer.outcome !== 'full') throw claimRefused(context, prepared, answer);
    if (performance.now() >= waitUntilMs) throw full(maxConcurrent, waitForSlotMs, now());
    await sleep(pauseMs * (0.75 + Math.random() / 2));
  }
}

function isWaitedFor(answer: ClaimAnswer): answer is Extract<ClaimAnswer, { outcome: Waits }> {
  return Object.hasOwn(whyItWaits, answer.outcome);
}

function stopping(now: Date): Refusal {
  return new Refusal('service_unavailable', 'This replica is stopping', {
    retryAt: new Date(now.getTime() + 1_000),
    hint: 'Send the request again: another replica takes it',
  });
}

function full(slots: number, waitedMs: number, now: Date): Refusal {
  return new Refusal(
    'capacity_exhausted',
    `${slots} executions are under way, and none ended within ${waitedMs / 1000} s`,
    {
      retryAt: new Date(now.getTime() + 5_000),
      hint: 'Try again later, or raise actions.max_concurrent',
    },
  );
}
