import { DatabaseUnavailable } from '../database/unavailable.ts';
import { nextDue, sweepQueue } from '../database/queue.ts';
import type { ExecutorContext } from './context.ts';
import { expireApprovals } from './expire-approvals.ts';
import { keepChain } from './keep-chain.ts';
import { letGo } from './let-go.ts';
import { settleSilent } from './settle.ts';
import { startQueued, startTaken } from './start-queued.ts';

/** Nobody need tell a replica of what is due: it looks itself that often, and sooner where something is foreseen. */
const restMs = 1_000;
const shortestRestMs = 20;
const mostAtOnce = 20;
/** One look in that many also prunes, or sweeps the queue: about once a minute for each replica. */
const prunesOneIn = 60;

/** What one replica has begun beside its requests, each with the promise of its end. */
interface Begun {
  settling: Set<Promise<void>>;
  tidying: Set<Promise<void>>;
}

/** One bounded step of what every replica does beside its requests, and the end of all that it has begun. */
export async function tick(context: ExecutorContext, signal: AbortSignal, prunes = isTurnToPrune()): Promise<void> {
  const begun: Begun = { settling: new Set(), tidying: new Set() };
  const chain = keepChain(context);
  try {
    await startDue(context, signal);
    await settleAll(context, signal, begun);
    await expireApprovals(context);
    await tidy(context, signal, begun, prunes);
    chain.turn();
    await lookAhead(context);
  } finally {
    await Promise.all([context.places.ended(), ...begun.settling, ...begun.tidying, chain.ended()]);
  }
}

/**
 * Starts what is due in the queue, settles silent runs, ends what nobody has agreed to in time and lets go of what is too old, until the signal ends; then waits for
 * what was begun. Woken by whoever has something for it. What goes wrong is told once, and tried again.
 */
export async function runLoop(context: ExecutorContext, signal: AbortSignal): Promise<void> {
  const begun: Begun = { settling: new Set(), tidying: new Set() };
  const chain = keepChain(context);
  context.places.begin = (taken) => context.places.keep(told(context, startTaken(context, taken, signal)));
  let isTold = false;
  let lookAtMs = 0;
  while (!signal.aborted) {
    try {
      const started = await startDue(context, signal);
      if (started === 0 || performance.now() >= lookAtMs) {
        if (performance.now() >= lookAtMs) {
          await settleAll(context, signal, begun);
          await expireApprovals(context);
          await tidy(context, signal, begun, isTurnToPrune());
          chain.turn();
        }
        lookAtMs = performance.now() + (await lookAhead(context));
      }
      isTold = false;
    } catch (error) {
      if (!isTold && !signal.aborted) tell(context, error);
      isTold = true;
      lookAtMs = performance.now() + restMs * (0.75 + Math.random() / 2);
    }
    await context.wakeUp.wait(Math.max(lookAtMs - performance.now(), 0), signal);
  }
  context.places.begin = undefined;
  await Promise.allSettled([context.places.ended(), ...begun.settling, ...begun.tidying, chain.ended()]);
}

/** Starts what is due, as far as this replica has room. */
async function startDue(context: ExecutorContext, signal: AbortSignal): Promise<number> {
  const { places } = context;
  let started = 0;
  for (let free = places.free(); free > 0 && !signal.aborted; free = places.free()) {
    const ends = await startQueued(context, free, signal);
    for (const end of ends) places.keep(told(context, end));
    started += ends.length;
    if (ends.length < free) break;
  }
  return started;
}

async function settleAll(context: ExecutorContext, signal: AbortSignal, { settling }: Begun): Promise<void> {
  while (settling.size < mostAtOnce && !signal.aborted) {
    const settled = await settleSilent(context, signal);
    if (!settled) break;
    keep(context, settling, settled.ended);
  }
}

function keep(context: ExecutorContext, all: Set<Promise<void>>, end: Promise<void>): void {
  const ended = told(context, end).finally(() => {
    all.delete(ended);
    // There may be more.
    context.wakeUp.ring();
  });
  all.add(ended);
}

function told(context: ExecutorContext, end: Promise<void>): Promise<void> {
  return end.catch((error: unknown) => tell(context, error));
}

/** For how long there is nothing to do, as far as the database knows; sets the clock by it. */
async function lookAhead({ database, cluster, clock }: ExecutorContext): Promise<number> {
  const { now, inMs = restMs } = await nextDue(database, cluster.name);
  clock.set(now);
  return Math.min(Math.max(inMs, shortestRestMs), restMs);
}

/** What takes long goes on beside the loop, so that neither the queue nor a silent run waits for it. */
async function tidy(context: ExecutorContext, signal: AbortSignal, { tidying }: Begun, prunes: boolean): Promise<void> {
  if (!prunes || signal.aborted || tidying.size > 0) return;
  await sweepQueue(context.database, context.cluster.name);
  keep(context, tidying, letGo(context, signal));
}

function isTurnToPrune(): boolean {
  return Math.random() * prunesOneIn < 1;
}

function tell({ observer }: ExecutorContext, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  observer.log(error instanceof DatabaseUnavailable ? 'warn' : 'error', `The loop failed: ${message}`);
}
