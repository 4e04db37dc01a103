import type { KubernetesError } from './errors.ts';

/**
 * How long to wait before the failed call is sent again; undefined where it must not be. A read may be sent again
 * whatever happened to it; a write only when nothing can have come of it.
 */
export function retryDelayMs(
  error: KubernetesError,
  { write, retries, random }: { write: boolean; retries: number; random: () => number },
): number | undefined {
  if (!(write ? didNothing(error) : mayPass(error))) return undefined;
  const backoff = Math.min(firstDelayMs * 2 ** retries, longestDelayMs);
  // Half of it is fixed, half is chance: callers that failed together don't come back together.
  const jittered = backoff * (0.5 + random() / 2);
  const asked = (error.retryAfterSeconds ?? 0) * 1000;
  return asked > 0 ? asked + jittered : jittered;
}

/** An eviction's 429 is a budget without headroom, not an overloaded server: whether to wait for it is the caller's choice. */
function isDisruptionBudget(error: KubernetesError): boolean {
  return error.status === 429 && error.causes.some((cause) => cause.reason === 'DisruptionBudget');
}

/** Resolves after the time, or at once when the signal aborts. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });
}

const firstDelayMs = 100;
const longestDelayMs = 5_000;

function didNothing(error: KubernetesError): boolean {
  if (error.reason === 'unreachable') return true;
  if (error.status === 429) return !isDisruptionBudget(error);
  return error.status === 503 && error.reason === 'serverError' && error.retryAfterSeconds !== undefined;
}

function mayPass(error: KubernetesError): boolean {
  if (error.status === undefined) return error.reason === 'unreachable' || error.reason === 'interrupted';
  return [429, 500, 502, 503, 504].includes(error.status);
}
