/** The time that one call has, and the caller's wish to end it, as one signal. */
export interface Deadline {
  /** Aborts when the time is over or the caller's signal does. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Which of the two it was; undefined while neither has happened. By the clock: a process that stood still is late with its timers. */
  ended(): 'deadline' | 'aborted' | undefined;
  remainingMs(): number;
  /** Gives it this much time from now on instead. */
  extend(timeoutMs: number): void;
  /** Stops the clock and lets go of the caller's signal. Call it when the call is over. */
  release(): void;
}

/**
 * One timer and one listener, both taken back by `release`. `AbortSignal.any` with `AbortSignal.timeout` would leave
 * them to the garbage collector: thousands of live timers, and a growing list on a caller's long-lived signal.
 */
export function startDeadline(timeoutMs: number, signal: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  let endsAt = performance.now() + timeoutMs;
  let ended: 'deadline' | 'aborted' | undefined;
  const end = (how: 'deadline' | 'aborted') => {
    ended ??= how;
    controller.abort();
  };
  const abort = () => end('aborted');

  let timer = setTimeout(end, Math.min(timeoutMs, longestTimerMs), 'deadline');
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort, { once: true });

  return {
    signal: controller.signal,
    timeoutMs,
    ended() {
      if (performance.now() >= endsAt) end('deadline');
      return ended;
    },
    remainingMs: () => endsAt - performance.now(),
    extend(milliseconds) {
      clearTimeout(timer);
      endsAt = performance.now() + milliseconds;
      timer = setTimeout(end, Math.min(milliseconds, longestTimerMs), 'deadline');
    },
    release() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    },
  };
}

/** A longer setTimeout fires at once. */
const longestTimerMs = 2 ** 31 - 1;
