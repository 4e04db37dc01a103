import { Refusal } from '../actions/refusal.ts';
import { parameterPointer } from './parameter-pointer.ts';
import type { ExecuteRequest } from './request.ts';

/** A fault of a parameter that planning found, with its place in the shape that was sent. */
export function faultInRequest(error: unknown, request: ExecuteRequest): Refusal | undefined {
  if (!(error instanceof Refusal) || error.code !== 'validation_failed') return undefined;
  const errors = error.details.errors?.map(({ pointer, detail }) => ({
    pointer: pointer.replace(/^\/parameters\/(\w+)$/, (_, name: string) => parameterPointer(request, name)),
    detail,
  }));
  return errors && new Refusal(error.code, error.message, { ...error.details, errors });
}
