import { isOver } from '../caller.ts';
import type { Evidence, Finding } from '../evidence.ts';

/** What a rollback writes into the execution that it has undone. */
const undone = new Set(['status', 'rolled_back_by']);

/** Once an execution is over nothing of its row changes, but that it may be rolled back. */
export function terminalStays({ steps }: Evidence): Finding {
  const over = steps.filter(({ was }) => isOver(was ?? undefined));
  const ended = steps.filter(({ becomes }) => isOver(becomes ?? undefined)).length;
  const broken = over
    .filter(({ becomes, fields }) => becomes !== 'rolled_back' || !fields.every((field) => undone.has(field)))
    .map(({ id, was, becomes, fields }) => ({
      what: `${id} was ${was} and became ${becomes ?? 'deleted'} (${fields.join(', ')})`,
      ids: [id],
    }));
  return { invariant: 'no terminal state changed', checked: ended, broken };
}
