/**
 * Whether a namespace is among those that a setting names, where `*` stands for any characters. What is in no namespace
 * is only meant by `*` alone.
 */
export function inNamespaces(namespace: string | undefined, patterns: readonly string[]): boolean {
  if (patterns.includes('*')) return true;
  return namespace !== undefined && patterns.some((pattern) => matchesName(namespace, pattern));
}

/** Whether a name is that one, where `*` stands for any characters. */
export function matchesName(name: string, pattern: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  let from = first.length;
  const until = name.length - last.length;
  for (const part of others) {
    const at = name.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return from <= until;
}
