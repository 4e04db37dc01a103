import { fileURLToPath } from 'node:url';
import { bundleServer } from './bundle/bundle-server.ts';
import { readAtStart } from './bundle/read-at-start.ts';

/** Writes dist/, which is all that has to be deployed beside Node. */
const metafile = await bundleServer(fileURLToPath(new URL('../dist', import.meta.url)));
const all = Object.keys(metafile.outputs);
console.log(
  `dist/: ${megabytesOf(all)} MB of code, ${megabytesOf(readAtStart(metafile, 'src/server.ts'))} MB of it read at the start`,
);

function megabytesOf(paths: readonly string[]): string {
  const bytes = paths.reduce((sum, path) => sum + (metafile.outputs[path]?.bytes ?? 0), 0);
  return (bytes / 1e6).toFixed(1);
}
