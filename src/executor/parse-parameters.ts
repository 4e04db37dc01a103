import type { Action } from '../actions/define.ts';
import { type FieldFault, Refusal } from '../actions/refusal.ts';
import { nameFault, namespaceFault } from '../kubernetes/names.ts';
import { parseReference } from '../kubernetes/parse-reference.ts';
import { faultsOf, mostFaults, summaryOf, wording } from './field-faults.ts';
import { namedTarget } from './find-target.ts';
import { parameterPointer, pointerKey } from './parameter-pointer.ts';
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

/** `parameters` with camelCase keys in snake_case, and how they were spelt. Two spellings of one key are a fault. */
export function canonicalKeys(
  parameters: Record<string, unknown>,
  pointer: string,
): { parameters: Record<string, unknown>; spellings: Map<string, string>; faults: FieldFault[] } {
  const canonical = new Map<string, unknown>();
  const spellings = new Map<string, string>();
  const faults: FieldFault[] = [];
  for (const [key, value] of Object.entries(parameters)) {
    const name = key.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (canonical.has(name))
      faults.push({ pointer: `${pointer}/${pointerKey(key)}`, detail: `${name} is given twice` });
    canonical.set(name, value);
    spellings.set(name, key);
  }
  return { parameters: Object.fromEntries(canonical), spellings, faults };
}

/** Checks all parameters at once, and the target where they have faults; each has its pointer. Asks nothing of the cluster. */
export function parseParameters(action: Action, request: ExecuteRequest): ParsedParameters {
  const { parsed, faults } = readParameters(action, request);
  if (faults.length === 0) return parsed;
  const told = new Set(faults.map(({ pointer }) => pointer));
  throw invalid(action.name, [...faults, ...targetFaults(action, request).filter(({ pointer }) => !told.has(pointer))]);
}

type SentParameters = Pick<ExecuteRequest, 'parameters' | 'parametersPointer' | 'parameterSpellings'>;

/** The parameters as the action takes them, and all that is wrong with them; only without a fault they mean anything. */
export function readParameters(
  action: Action,
  sent: SentParameters,
): { parsed: ParsedParameters; faults: FieldFault[] } {
  const faults: FieldFault[] = [];
  const given: Record<string, unknown> = {};
  let reason: string | undefined;
  let allowGitops = false;
  for (const [key, value] of Object.entries(sent.parameters)) {
    const pointer = parameterPointer(sent, key);
    if (targetKeys.has(key)) {
      const fault = targetFault(key, value);
      if (fault) faults.push({ pointer, detail: fault });
    } else if (key === 'reason') {
      if (typeof value === 'string' && value.length <= longestReason) reason = value;
      else faults.push({ pointer, detail: `reason must be a text of at most ${longestReason} characters` });
    } else if (key === 'allow_gitops') {
      if (typeof value === 'boolean') allowGitops = value;
      else faults.push({ pointer, detail: 'allow_gitops must be true or false' });
    } else {
      given[key] = value;
    }
  }
  const result = action.parameters.safeParse(given, { error: wording });
  if (!result.success) faults.push(...faultsOf(result.error, sent.parametersPointer, sent.parameterSpellings));
  return { parsed: { own: result.data, given, reason, allowGitops }, faults };
}

function targetFault(key: string, value: unknown): string | undefined {
  if (typeof value !== 'string') return `${key} must be a text`;
  if (value.trim() === '') return undefined;
  switch (key) {
    case 'namespace':
      return namespaceFault(value);
    case 'node_name':
      return nameFault(value.trim());
    case 'resource_name': {
      const reference = parseReference(value.trim());
      return reference.ok ? undefined : reference.detail;
    }
    default:
      return /^[A-Za-z][A-Za-z0-9./-]{0,99}$/.test(value)
        ? undefined
        : 'resource_type must be a kind such as deployment';
  }
}

/** What is wrong with the target, where nothing has to be read for that. */
function targetFaults(action: Action, request: ExecuteRequest): FieldFault[] {
  try {
    namedTarget(action, request);
    return [];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.details.errors ?? [];
  }
}

function invalid(action: string, errors: FieldFault[]): Refusal {
  return new Refusal('validation_failed', `The parameters of ${action} are not valid: ${summaryOf(errors)}`, {
    errors: errors.slice(0, mostFaults),
    hint: `GET /api/v1/actions/${action} shows the parameters it takes`,
  });
}
