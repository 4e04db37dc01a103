import type { ClusterOptions } from '../kubernetes/client.ts';
import type { Logger } from '../telemetry/logger.ts';

/** A log line whenever calls to the API server are kept back, and whenever they are sent again. */
export function circuitObserver(log: Logger): NonNullable<ClusterOptions['onCircuit']> {
  return (open) => {
    if (open) log.warn(`The circuit to the API server is open: ${open.reason}`, { retry_after_ms: open.retryAfterMs });
    else log.info('The circuit to the API server is closed: it answers again');
  };
}
