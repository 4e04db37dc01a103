/** What an object has at a JSON pointer. */
export function valueAt(object: unknown, pointer: string): unknown {
  const path = pointer.split('/').slice(1).map(nameIn);
  return path.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), object);
}

export function nameIn(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
