import { isKubernetesError } from '../../kubernetes/errors.ts';

/** A part of a report that could not be read, and why: the rest of the report stands. */
export type Unavailable = { unavailable: string };

export type Part<T> = T | Unavailable;

/** What `read` gives, or why the cluster didn't give it. */
export async function part<T>(read: () => Promise<T>): Promise<Part<T>> {
  try {
    return await read();
  } catch (error) {
    if (isKubernetesError(error) && error.reason !== 'aborted') return { unavailable: error.message };
    throw error;
  }
}

/** The part itself where it could be read, else what stands for "nothing". */
export function readable<T>(value: Part<T>, otherwise: T): T {
  return isUnavailable(value) ? otherwise : value;
}

export function isUnavailable(value: unknown): value is Unavailable {
  return typeof value === 'object' && value !== null && 'unavailable' in value;
}
