import { Refusal } from '../actions/refusal.ts';
import { ExecutionId } from './execution-id.ts';

/** The id in a path. One that no approval can have is answered like one that none has. */
export function approvalIdOf(text: string): string {
  if (ExecutionId.safeParse(text).success) return text;
  throw new Refusal('approval_not_found', `There is no approval ${JSON.stringify(text.slice(0, 128)).slice(1, -1)}`);
}
