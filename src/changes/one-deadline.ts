import type { SendContext } from './change.ts';

/** For a change of several calls: all of them together take no longer than one may, so that the lease outlasts them. */
export function withOneDeadline<C extends Omit<SendContext, 'dryRun'>>(context: C): C {
  return { ...context, signal: AbortSignal.any([context.signal, AbortSignal.timeout(context.timeoutMs)]) };
}
