import type * as z from 'zod';
import type { FieldFault } from '../actions/refusal.ts';
import { pointerKey } from './parameter-pointer.ts';

/** So many faults are told one by one; nobody reads more. */
export const mostFaults = 100;

/** The faults of a schema's error with pointers below `pointer`; an unknown key is named, not its parent. */
export function faultsOf(error: z.ZodError, pointer: string, spellings?: ReadonlyMap<string, string>): FieldFault[] {
  return error.issues.flatMap((issue) => {
    const at = (path: readonly PropertyKey[]) =>
      path.reduce<string>((above, key, level) => {
        const name = String(key);
        return `${above}/${pointerKey((level === 0 ? spellings?.get(name) : undefined) ?? name)}`;
      }, pointer);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ pointer: at([...issue.path, key]), detail: 'is not known here' }));
    }
    return [{ pointer: at(issue.path), detail: issue.message }];
  });
}

const words: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/** What a schema says of a value of the wrong type, in the words of JSON. */
export function wording(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_key') return `has a name that is not allowed: ${issue.issues[0]?.message ?? ''}`;
  if (issue.code === 'invalid_union') return 'holds a value that is not allowed here';
  if (issue.code !== 'invalid_type') return undefined;
  return issue.input === undefined ? 'is missing' : `must be ${words[issue.expected] ?? issue.expected}`;
}

/** `replicas: must be ...; color: is not known here`, for people who read only the sentence. */
export function summaryOf(errors: readonly FieldFault[]): string {
  const shown = errors.slice(0, 5).map(({ pointer, detail }) => `${pointer.slice(0, 200) || 'the body'}: ${detail}`);
  return errors.length > shown.length
    ? `${shown.join('; ')}; and ${errors.length - shown.length} more`
    : shown.join('; ');
}
