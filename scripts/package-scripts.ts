import { readFileSync } from 'node:fs';

/** The names of package.json's scripts that begin so, in its order. Throws where there is none. */
export function scriptsNamed(prefix: string): string[] {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(text);
  const names = Object.keys(scripts).filter((name) => name.startsWith(prefix));
  if (names.length === 0) throw new Error(`package.json has no script ${prefix}*`);
  return names;
}
