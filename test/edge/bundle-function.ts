import { builtinModules } from 'node:module';
import { build, type Plugin } from 'esbuild';

/** What a function's bundle is made of, and what it asks of the runtime. */
export interface FunctionBundle {
  /** Our own files in it, from the root. */
  files: string[];
  /** Modules of the runtime, as `node:name`, each with the files that import it. */
  runtimeModules: Map<string, string[]>;
  /** What a worker would be uploaded with. */
  bytes: number;
}

/** Bundles as wrangler does: web conditions first, what belongs to the runtime left out. Writes nothing. */
export async function bundleFunction(file: string): Promise<FunctionBundle> {
  const { metafile, outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['browser', 'module', 'main'],
    conditions: ['workerd', 'worker', 'browser'],
    plugins: [runtimeModulesStayOut],
    minify: true,
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const runtimeModules = new Map<string, string[]>();
  for (const [input, { imports }] of Object.entries(metafile.inputs)) {
    for (const { path, external } of imports) {
      if (external) runtimeModules.set(path, [...(runtimeModules.get(path) ?? []), input]);
    }
  }
  const files = Object.keys(metafile.inputs).filter((input) => !input.startsWith('node_modules/'));
  return { files, runtimeModules, bytes: outputFiles.reduce((sum, { contents }) => sum + contents.byteLength, 0) };
}

/** Packages write `events` and `node:events` alike. */
const runtimeModulesStayOut: Plugin = {
  name: 'runtime-modules-stay-out',
  setup({ onResolve }) {
    onResolve({ filter: /^(node|cloudflare):/ }, ({ path }) => ({ path, external: true }));
    onResolve({ filter: new RegExp(`^(${builtinModules.join('|')})$`) }, ({ path }) => ({
      path: `node:${path}`,
      external: true,
    }));
  },
};
