import type { Plugin } from 'esbuild';

/** A module that the bundle does not have: its one function, and what it answers instead. */
export interface LeftOut {
  exports: string;
  because: string;
}

/** Puts a refusal in the place of each module that is imported only when it is asked for, by the end of its path. */
export function leaveOut(modules: Record<string, LeftOut>): Plugin {
  return {
    name: 'leave-out',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\./ }, ({ path, kind }) => {
        const end = Object.keys(modules).find((name) => path.endsWith(`/${name}`));
        if (end === undefined) return undefined;
        if (kind === 'dynamic-import') return { path: end, namespace: 'left-out' };
        return { errors: [{ text: `${path} is not in the bundle: import it only when it is asked for` }] };
      });
      onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => {
        const left = modules[path];
        return (
          left && {
            contents: `export async function ${left.exports}() { throw new Error(${JSON.stringify(left.because)}); }`,
          }
        );
      });
    },
  };
}
