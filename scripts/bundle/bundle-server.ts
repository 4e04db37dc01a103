import { execFileSync } from 'node:child_process';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { leaveOut } from './leave-out.ts';
import { licencesOf } from './licences.ts';
import { withoutSideEffects } from './without-side-effects.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const grpcExporter = '@opentelemetry/otlp-grpc-exporter-base';

/** What a developer's machine has of its own and a deployed service must not fall back to. */
const leftOut = {
  'postgres-embedded.ts': {
    exports: 'startEmbeddedPostgres',
    because: 'This build has no PostgreSQL of its own: set DATABASE_URL (or database.host in the settings)',
  },
  'sandbox/start.ts': {
    exports: 'startSandbox',
    because: 'This build has no sandbox cluster: run it in a cluster with a service account, or set KUBECONFIG',
  },
  'platform/edge.ts': {
    exports: 'openEdgeRuntime',
    because: 'This build is the whole server: deploy a single function from its source',
  },
};

/** Writes the server with all that it imports, and its migrations, into an empty folder: `node <folder>/server.mjs` runs it. */
export async function bundleServer(folder: string): Promise<Metafile> {
  await rm(folder, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/server.ts'],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    // All in one folder, so that the migrations stand beside whichever file asks for them.
    chunkNames: '[name]-[hash]',
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // What is imported only when it is asked for (the exporters of telemetry) is not even read before.
    splitting: true,
    // Names stay: errors and stacks tell them, and keeping them otherwise (keepNames) costs 26 ms of the start.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    define: { BUILD: JSON.stringify({ version: await packageVersion(), commit: commit() }) },
    // For CommonJS packages that ask for Node's own modules. The long name is nobody else's.
    banner: {
      js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
    },
    // Its ES modules make themselves a `require` that no bundler sees, and would look for @grpc/grpc-js when they run.
    alias: { [grpcExporter]: `./node_modules/${grpcExporter}/dist/index.cjs` },
    plugins: [leaveOut(leftOut), withoutSideEffects('@kubernetes/client-node')],
    metafile: true,
  });
  await cp(join(root, 'drizzle'), join(folder, 'drizzle'), { recursive: true, filter: isNeeded });
  await writeFile(join(folder, 'licences.txt'), await licencesOf(root, Object.keys(metafile.inputs)));
  return metafile;
}

/** drizzle-kit's snapshots are for writing the next migration. */
function isNeeded(path: string): boolean {
  return !path.endsWith('_snapshot.json');
}

async function packageVersion(): Promise<string> {
  const { version }: { version: string } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return version;
}

/** COMMIT is for where there is no repository, such as the build of an image. */
function commit(): string {
  if (process.env.COMMIT) return process.env.COMMIT;
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}
