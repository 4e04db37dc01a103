import { Refusal } from '../actions/refusal.ts';
import type { Runtime } from './runtime.ts';

/** No new run begins once this replica has been told to stop; another takes the request. */
export function refuseWhenStopping({ stopping, executor }: Runtime): void {
  if (!stopping()) return;
  throw new Refusal('service_unavailable', 'This replica is stopping', {
    retryAt: new Date(executor.now().getTime() + 1_000),
    hint: 'Send the request again: another replica takes it',
  });
}
