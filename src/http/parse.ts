import type * as z from 'zod';
import { type FieldFault, Refusal } from '../actions/refusal.ts';
import { faultsOf, mostFaults, summaryOf, wording } from '../executor/field-faults.ts';
import { jsonFaults } from './json-faults.ts';

/** What a schema made of a value, or all that is wrong with it. */
export type Parsed<T> = { ok: true; data: T } | { ok: false; faults: FieldFault[]; tooDeep: boolean };

/** Parses by a schema; every fault has its pointer. */
export function parse<T extends z.ZodType>(schema: T, value: unknown): Parsed<z.output<T>> {
  const { faults, tooDeep } = jsonFaults(value);
  if (tooDeep) return { ok: false, faults, tooDeep };
  const result = schema.safeParse(value, { error: wording });
  if (result.success && faults.length === 0) return { ok: true, data: result.data };
  return { ok: false, faults: joined(faults, result.success ? [] : faultsOf(result.error, '')), tooDeep };
}

/** Parses by a schema, or refuses with every fault, and those found `elsewhere`. */
export function parsed<T extends z.ZodType>(
  schema: T,
  value: unknown,
  elsewhere: readonly FieldFault[] = [],
): z.output<T> {
  const result = parse(schema, value);
  if (result.ok && elsewhere.length === 0) return result.data;
  throw invalidRequest(joined(elsewhere, result.ok ? [] : result.faults));
}

/** The refusal of a request for its form. */
export function invalidRequest(faults: readonly FieldFault[]): Refusal {
  return new Refusal('validation_failed', `The request is not valid: ${summaryOf(faults)}`, {
    errors: faults.slice(0, mostFaults),
    hint: 'GET /openapi.json holds the shapes',
  });
}

/** All of the first, and what the second tells of other places. */
export function joined(first: readonly FieldFault[], second: readonly FieldFault[]): FieldFault[] {
  const told = new Set(first.map(({ pointer }) => pointer));
  return [...first, ...second.filter(({ pointer }) => !told.has(pointer))];
}
