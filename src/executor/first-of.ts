/** A signal that is let go of once nobody needs it any more. */
export interface Held {
  readonly signal: AbortSignal;
  /** Nothing ends it from here on. */
  release(): void;
}

/**
 * Ends with the first of them, and by its reason. `AbortSignal.any` would leave it to the garbage collector to let go, and
 * a signal that lasts as long as the process has one more on its list with each run.
 */
export function firstOf(signals: readonly AbortSignal[]): Held {
  const controller = new AbortController();
  const end = ({ target }: { target: EventTarget | null }) => {
    controller.abort(target instanceof AbortSignal ? target.reason : undefined);
    release();
  };
  const release = () => {
    for (const signal of signals) signal.removeEventListener('abort', end);
  };
  const over = signals.find(({ aborted }) => aborted);
  if (over) controller.abort(over.reason);
  else for (const signal of signals) signal.addEventListener('abort', end);
  return { signal: controller.signal, release };
}

/** Ends after that long. The timer of an `AbortSignal.timeout` would stand, with all that hangs on it, long after a short run. */
export function endsAfter(ms: number): Held {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException(`${ms / 1000} s are over`, 'TimeoutError')), ms);
  return { signal: controller.signal, release: () => clearTimeout(timer) };
}
