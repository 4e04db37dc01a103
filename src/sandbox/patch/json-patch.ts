import { applyPatch } from 'rfc6902';
import { StatusError, badRequest } from '../api/status-error.ts';
import { as, copy, isRecord } from '../resource.ts';

type Operation = Parameters<typeof applyPatch>[1][number];

/** The API server refuses longer patches too. */
const OPERATIONS_LIMIT = 10_000;

/** RFC 6902. 400 for what is no list of operations, 413 for too many, 422 for one that can't be carried out (a failed `test` among them). */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch))
    throw badRequest('error decoding patch: json: cannot unmarshal a value that is not a list of operations');
  if (!patch.every(isRecord))
    throw badRequest('error decoding patch: json: cannot unmarshal an operation that is not an object');
  if (patch.length > OPERATIONS_LIMIT) {
    throw new StatusError(
      413,
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${OPERATIONS_LIMIT}, got ${patch.length}`,
    );
  }
  const result = copy(target);
  // The library checks each operation itself and reports what it does not know as an error.
  const failures = attempt(() => applyPatch(result, as<Operation[]>(copy(patch))));
  if (failures.some((failure) => failure !== null)) {
    throw new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
  }
  return result;
}

/** A malformed pointer makes the library throw instead of report. */
function attempt(apply: () => (Error | null)[]): (Error | null)[] {
  try {
    return apply();
  } catch (error) {
    return [error instanceof Error ? error : new Error(String(error))];
  }
}
