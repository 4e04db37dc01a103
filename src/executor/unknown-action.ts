import { Refusal } from '../actions/refusal.ts';
import { closestActions } from '../actions/registry.ts';
import type { ExecuteRequest } from './request.ts';

/** Names what comes nearest to what was asked for. */
export function unknownAction({ action: word, parametersPointer }: ExecuteRequest): Refusal {
  const closest = closestActions(word);
  return new Refusal('unknown_action', `There is no action ${word}`, {
    // In both shapes the name stands beside the parameters.
    errors: [{ pointer: parametersPointer.replace(/parameters$/, 'action'), detail: `${word} is not an action` }],
    hint: closest.length > 0 ? `Did you mean ${closest.join(' or ')}?` : 'GET /api/v1/actions lists the actions',
  });
}
