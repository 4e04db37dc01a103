import type { KubernetesObject } from '../../kubernetes/object.ts';
import { valueAt } from '../../kubernetes/value-at.ts';

/** What a Secret holds, in base64 by key. It stays in memory: in no record, message, span or error. */
export function dataOf(secret: KubernetesObject): Record<string, string> {
  const data = valueAt(secret, ['data']);
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return {};
  return Object.fromEntries(
    Object.entries(data).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  );
}

/** The bytes that the base64 of a Secret's value stands for. */
export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** The base64 of the bytes, as a Secret's data has it. */
export function base64Of(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
