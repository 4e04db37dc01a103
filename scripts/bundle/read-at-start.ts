import type { Metafile } from 'esbuild';

/** The files that Node reads before the first line of the entry runs: it, and whatever is imported statically from there. */
export function readAtStart({ outputs }: Metafile, entry: string): string[] {
  const found = new Set(Object.keys(outputs).filter((path) => outputs[path]?.entryPoint === entry));
  for (const path of found) {
    for (const imported of outputs[path]?.imports ?? []) {
      if (imported.kind === 'import-statement' && outputs[imported.path]) found.add(imported.path);
    }
  }
  return [...found];
}
