import * as z from 'zod';
import { Refusal } from '../actions/refusal.ts';

/** What an execution can be called: by the caller, or by this service. */
export const ExecutionId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/,
    'must be 1 to 128 letters, digits, ".", "_", ":" or "-", beginning with a letter or digit',
  );

/** The id in a path. One that no execution can have is answered like one that none has. */
export function executionIdOf(text: string): string {
  if (!ExecutionId.safeParse(text).success) throw executionNotFound(text);
  return text;
}

function executionNotFound(id: string): Refusal {
  return new Refusal('execution_not_found', `There is no execution ${JSON.stringify(id.slice(0, 128)).slice(1, -1)}`);
}
