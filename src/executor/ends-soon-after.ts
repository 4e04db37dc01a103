/** Ends that long after another signal: for what has still to be looked at when a run is cut off. */
export function endsSoonAfter(signal: AbortSignal, ms: number): AbortSignal {
  const controller = new AbortController();
  const end = () => void setTimeout(() => controller.abort(signal.reason), ms);
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  return controller.signal;
}
