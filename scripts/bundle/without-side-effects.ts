import type { Plugin } from 'esbuild';

/** Tells our own question to esbuild from the one that it answers. */
const asking = Symbol('asking');

/**
 * The package's files do nothing by being imported, though it does not say so: what is not used of it is left out.
 * Of @kubernetes/client-node that is all of the generated API, 370 kB and some 20 ms of the start.
 */
export function withoutSideEffects(name: string): Plugin {
  return {
    name: `without-side-effects-of-${name}`,
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^\.|^@/ }, async ({ path, importer, resolveDir, kind, namespace, pluginData }) => {
        const isOfPackage = path.startsWith(name) || importer.includes(`node_modules/${name}/`);
        if (pluginData === asking || !isOfPackage) return undefined;
        const found = await resolve(path, { importer, resolveDir, kind, namespace, pluginData: asking });
        return { ...found, sideEffects: false };
      });
    },
  };
}
