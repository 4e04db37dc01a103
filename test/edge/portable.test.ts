import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bundleFunction } from './bundle-function.ts';

/** What workerd itself brings with nodejs_compat, whole: not the modules that wrangler stubs, nor those that need files. */
const runtimeModules = new Set([
  'cloudflare:sockets',
  'node:assert',
  'node:async_hooks',
  'node:buffer',
  'node:crypto',
  'node:diagnostics_channel',
  'node:events',
  'node:path',
  'node:querystring',
  'node:stream',
  'node:string_decoder',
  'node:timers',
  'node:timers/promises',
  'node:url',
  'node:util',
  'node:zlib',
]);

/** The parts of src/ that need a machine; the edge's own are the exception. */
const needsMachine =
  /^src\/(sandbox\/|server\.ts|gateway\.ts|config\/(main|process-sources)\.ts|platform\/(?!edge|socket-messages|time-ordered-id))/;

/** Cloudflare's limit for a worker of the free plan is 3 MiB, compressed. */
const mostBytes = 2 * 1024 * 1024;

describe.each(readdirSync('functions').filter((file) => file.endsWith('.ts')))('functions/%s', (file) => {
  it('is made of what an edge runtime has', async () => {
    const { files, runtimeModules: asked, bytes } = await bundleFunction(`functions/${file}`);

    const missing = [...asked]
      .filter(([name]) => !runtimeModules.has(name))
      .map(([name, by]) => `${name}, imported by ${by.join(', ')}`);
    expect(missing).toEqual([]);
    expect(files.filter((path) => needsMachine.test(path))).toEqual([]);
    expect(files).toContain('src/platform/edge.ts');
    expect(bytes).toBeLessThan(mostBytes);
  });
});

it('notices a module that an edge runtime has not', async () => {
  const { files, runtimeModules: asked } = await bundleFunction('src/config/process-sources.ts');

  expect([...asked.keys()].filter((name) => !runtimeModules.has(name))).toEqual(['node:fs']);
  expect(files.filter((path) => needsMachine.test(path))).toEqual(['src/config/process-sources.ts']);
});
