import * as z from 'zod';
import { isWithin } from '../../changes/canonical-path.ts';
import { Refusal } from '../refusal.ts';

/** An absolute path in a container, spelt out: without `..`, `.`, empty parts, and what a tool could take for an option. */
export const execPath = z
  .string()
  .max(1024)
  .regex(/^\/[A-Za-z0-9._\-/]*$/, 'must be an absolute path of letters, digits, dots, dashes and underscores')
  .refine((path) => !path.split('/').some((part) => part === '..' || part === '.'), {
    error: 'must not contain . or .. as a part',
  })
  .refine((path) => !path.includes('//'), { error: 'must not contain //' })
  .transform((path) => (path.length > 1 ? path.replace(/\/$/, '') : path));

/** Refuses a path that is not even by its words in one of the folders; links are followed in the container itself. */
export function refuseOutside(path: string, folders: readonly string[]): void {
  if (isWithin(path, folders)) return;
  throw new Refusal('policy_denied', `${path} is outside the folders allowed: ${folders.join(', ')}`, {
    hint: 'The folders allowed are the setting actions.exec_paths',
  });
}
