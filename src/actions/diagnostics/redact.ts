import type { Json, JsonObject } from '../../kubernetes/object.ts';
import { isSecretName, redact } from '../../telemetry/redact.ts';

/** Annotations that hold the whole object once more. */
const copies = ['kubectl.kubernetes.io/last-applied-configuration'];

/**
 * A report without secrets: without what is hidden everywhere (see telemetry/redact.ts), and without what only an
 * object's own JSON has: secrets in a container's arguments, and the copies of itself that its metadata carries.
 */
export function redactReport(report: JsonObject): JsonObject {
  return asJsonObject(redact(trimmed(report)));
}

function trimmed(value: Json): Json {
  if (Array.isArray(value))
    return value.map((item, index) => (isSecretArgument(value, index) ? '[redacted]' : trimmed(item)));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'managedFields' && !copies.includes(key))
      .map(([key, child]) => [key, trimmed(child)]),
  );
}

/** `--password`, `hunter2`: the value is the argument after the name. */
function isSecretArgument(list: readonly Json[], index: number): boolean {
  const before = list[index - 1];
  if (typeof list[index] !== 'string' || typeof before !== 'string') return false;
  return /^--?[A-Za-z][\w-]*$/.test(before) && isSecretName(before);
}

/** What is redacted keeps its shape, which its type can't say. */
function asJsonObject(value: unknown): JsonObject {
  return value as JsonObject;
}
