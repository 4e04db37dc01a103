/** Wakes the loop of this replica, whoever has something for it: a request, a run that has ended, a NOTIFY. */
export interface WakeUp {
  /** Safe to call at any time, also when nobody waits: the next wait is over at once. */
  ring(): void;
  /** Comes back when it is rung, after that long, or when the signal ends. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export function createWakeUp(): WakeUp {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async wait(ms, signal) {
      if (!rung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
          signal.addEventListener('abort', wake, { once: true });
        });
        if (wake) signal.removeEventListener('abort', wake);
        wake = undefined;
      }
      rung = false;
    },
  };
}
