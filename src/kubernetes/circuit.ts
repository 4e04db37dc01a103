/** What an attempt told of the API server itself: it answered, it failed, it was silent to the end, or nothing. */
export type Telling = 'answered' | 'failed' | 'silent' | 'nothing';

/** Calls are not sent for now. */
export interface OpenCircuit {
  /** Until the server is tried again. */
  retryAfterMs: number;
  /** `8 of 12 calls within 10 s failed, the last with: …` */
  reason: string;
}

/** Keeps calls back from a server that fails anyway: each would only cost its caller the time, and the server its recovery. */
export interface Circuit {
  /**
   * Undefined where the call may be sent. When the pause is over the first to ask has the server tried, and whoever asks
   * meanwhile waits for that: a moment, bounded by the probe's own deadline.
   */
  admit(): OpenCircuit | undefined | Promise<OpenCircuit | undefined>;
  /** Told of each attempt that was let through. */
  note(telling: Telling, message: string): void;
  /** As it stands now; has the server tried when it is time. */
  state(): OpenCircuit | undefined;
}

export interface CircuitOptions {
  /** Asks the server for its health, within a short deadline. Never rejects. */
  probe(): Promise<Telling>;
  /** Told whenever it opens (with the reason) and closes (undefined). */
  onChange: (open: OpenCircuit | undefined) => void;
  /** Spreads the probes of many replicas; gives a number from 0 to 1. */
  random: () => number;
}

/** It opens when at least half of at least so many calls within the window failed. */
const fewestCalls = 10;
const windowMs = 10_000;
/** Or when so many in a row got no answer in all their time, which may be too seldom for the window. */
const silentInARow = 3;
const firstPauseMs = 1_000;
const longestPauseMs = 10_000;
/** Opening again so soon after it closed goes on with the pause where it was. */
const relapseMs = 30_000;

/** Closed at first. Time is the process's monotonic clock. */
export function createCircuit({ probe, onChange, random }: CircuitOptions): Circuit {
  const sample = createSample();
  let open: { untilMs: number; reason: string } | undefined;
  let pauseMs = firstPauseMs;
  let closedAtMs = -Infinity;
  let probing: Promise<void> | undefined;

  const refusal = () => open && { retryAfterMs: Math.max(open.untilMs - performance.now(), 0), reason: open.reason };
  const pauseFor = (reason: string) => {
    open = { reason, untilMs: performance.now() + pauseMs * (0.75 + random() / 2) };
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  };
  const tryServer = async (reason: string) => {
    if ((await probe()) !== 'answered') {
      pauseFor(reason);
      return;
    }
    open = undefined;
    closedAtMs = performance.now();
    sample.clear();
    onChange(undefined);
  };
  const probeIfDue = () => {
    if (open && performance.now() >= open.untilMs)
      probing ??= tryServer(open.reason).finally(() => (probing = undefined));
    return probing;
  };

  return {
    admit() {
      if (!open) return undefined;
      return probeIfDue()?.then(refusal) ?? refusal();
    },
    note(telling, message) {
      // What was sent before it opened tells nothing new.
      if (open || telling === 'nothing') return;
      const reason = sample.add(telling, message);
      if (reason === undefined) return;
      if (performance.now() - closedAtMs > relapseMs) pauseMs = firstPauseMs;
      pauseFor(reason);
      onChange(refusal());
    },
    state() {
      void probeIfDue();
      return refusal();
    },
  };
}

/** The calls of the last seconds, counted by the second. */
function createSample() {
  const seconds: { startMs: number; calls: number; failed: number }[] = [];
  let silent = 0;

  return {
    /** The reason to open the circuit, once there is one. */
    add(telling: Exclude<Telling, 'nothing'>, message: string): string | undefined {
      const nowMs = performance.now();
      while (seconds[0] && seconds[0].startMs <= nowMs - windowMs) seconds.shift();
      let last = seconds.at(-1);
      if (!last || nowMs - last.startMs >= 1_000) seconds.push((last = { startMs: nowMs, calls: 0, failed: 0 }));
      last.calls += 1;
      if (telling !== 'answered') last.failed += 1;
      silent = telling === 'silent' ? silent + 1 : 0;
      if (telling === 'answered') return undefined;

      const calls = seconds.reduce((sum, second) => sum + second.calls, 0);
      const failed = seconds.reduce((sum, second) => sum + second.failed, 0);
      if (silent >= silentInARow) return `${silent} calls in a row got no answer, the last of them: ${message}`;
      if (calls < fewestCalls || failed * 2 < calls) return undefined;
      return `${failed} of ${calls} calls within ${windowMs / 1000} s failed, the last of them: ${message}`;
    },
    clear() {
      seconds.length = 0;
      silent = 0;
    },
  };
}
