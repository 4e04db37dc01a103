import { findAction } from '../actions/registry.ts';
import type { Place } from '../callers/rights.ts';
import { namedTarget } from './find-target.ts';
import { parseParameters } from './parse-parameters.ts';
import type { ExecuteRequest } from './request.ts';
import { unknownAction } from './unknown-action.ts';

/** What a request to execute needs rights for: the action, and the namespace of the target that it names. */
export function placeAskedFor(request: ExecuteRequest): Place {
  const action = findAction(request.action);
  if (!action) throw unknownAction(request);
  // What is wrong with the request is told together, and tells nothing of the cluster.
  parseParameters(action, request);
  return { action: action.name, namespace: namedTarget(action, request)?.namespace };
}
