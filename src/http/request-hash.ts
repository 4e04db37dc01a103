import { createHash } from 'node:crypto';
import { canonicalJson } from '../text/canonical-json.ts';

/** SHA-256 of a JSON value, the same whatever the order of its keys. */
export function requestHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
