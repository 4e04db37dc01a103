import type { z } from 'zod';
import type { Action } from '../actions/define.ts';
import { type FieldFault, Refusal } from '../actions/refusal.ts';
import { nameFault, namespaceFault } from '../kubernetes/names.ts';
import type { ExecuteRequest } from './request.ts';

/** The parameters of an action, parsed, and those that every action takes. */
export interface ParsedParameters {
  /** As the action's schema gave them. */
  own: unknown;
  /** For the record: under their canonical names, without the target. */
  given: Record<string, unknown>;
  reason: string | undefined;
  allowGitops: boolean;
}

const targetKeys = new Set(['namespace', 'resource_type', 'resource_name', 'node_name']);
const longestReason = 1_000;

/** `parameters` with camelCase keys in snake_case. Two spellings of one key are a fault. */
export function canonicalKeys(
  parameters: Record<string, unknown>,
  pointer: string,
): { parameters: Record<string, unknown>; faults: FieldFault[] } {
  const canonical: Record<string, unknown> = {};
  const faults: FieldFault[] = [];
  for (const [key, value] of Object.entries(parameters)) {
    const name = key.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (Object.hasOwn(canonical, name)) faults.push({ pointer: `${pointer}/${pointerKey(key)}`, detail: `${name} is given twice` });
    canonical[name] = value;
  }
  return { parameters: canonical, faults };
}

/** Checks all parameters at once; every fault has its pointer. Asks nothing of the cluster. */
export function parseParameters(action: Action, request: ExecuteRequest): ParsedParameters {
  const { parametersPointer: pointer } = request;
  const faults: FieldFault[] = [];
  const given: Record<string, unknown> = {};
  let reason: string | undefined;
  let allowGitops = false;
  for (const [key, value] of Object.entries(request.parameters)) {
    if (targetKeys.has(key)) {
      const fault = targetFault(key, value);
      if (fault) faults.push({ pointer: `${pointer}/${key}`, detail: fault });
    } else if (key === 'reason') {
      if (typeof value === 'string' && value.length <= longestReason) reason = value;
      else faults.push({ pointer: `${pointer}/reason`, detail: `reason must be a text of at most ${longestReason} characters` });
    } else if (key === 'allow_gitops') {
      if (typeof value === 'boolean') allowGitops = value;
      else faults.push({ pointer: `${pointer}/allow_gitops`, detail: 'allow_gitops must be true or false' });
    } else {
      given[key] = value;
    }
  }
  const parsed = action.parameters.safeParse(given);
  if (!parsed.success) faults.push(...faultsOf(parsed.error, pointer));
  if (faults.length > 0) throw invalid(action.name, faults);
  return { own: parsed.data, given, reason, allowGitops };
}

/** The name itself is judged with the rest of the reference that it may hold. */
function targetFault(key: string, value: unknown): string | undefined {
  if (typeof value !== 'string') return `${key} must be a text`;
  if (value === '') return undefined;
  if (key === 'namespace') return namespaceFault(value);
  if (key === 'node_name') return nameFault(value);
  return key === 'resource_type' && !/^[A-Za-z][A-Za-z0-9./-]{0,99}$/.test(value) ? 'resource_type must be a kind such as deployment' : undefined;
}

/** The faults of a schema's error with pointers below `pointer`; an unknown key is named, not its parent. */
export function faultsOf(error: z.ZodError, pointer: string): FieldFault[] {
  return error.issues.flatMap((issue) => {
    const at = `${pointer}${issue.path.map((key) => `/${pointerKey(String(key))}`).join('')}`;
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ pointer: `${at}/${pointerKey(key)}`, detail: 'is not known here' }));
    }
    return [{ pointer: at, detail: issue.message }];
  });
}

function invalid(action: string, errors: FieldFault[]): Refusal {
  return new Refusal('validation_failed', `The parameters of ${action} are not valid: ${summaryOf(errors)}`, {
    errors,
    hint: `GET /api/v1/actions/${action} shows the parameters it takes`,
  });
}

/** `replicas: must be ...; color: is not known here`, for people who read only the sentence. */
export function summaryOf(errors: readonly FieldFault[]): string {
  const shown = errors.slice(0, 5).map(({ pointer, detail }) => `${pointer}: ${detail}`);
  return errors.length > shown.length ? `${shown.join('; ')}; and ${errors.length - shown.length} more` : shown.join('; ');
}

/** A JSON pointer's (RFC 6901) escaping of one key. */
export function pointerKey(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
