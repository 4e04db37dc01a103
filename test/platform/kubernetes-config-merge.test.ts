import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { findClusterAccess } from '../../src/platform/kubernetes-access.ts';
import type { ClusterAccess, Material } from '../../src/platform/kubernetes-access.ts';

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
const contextNames = ['x', 'y', 'z'];

/** What kubectl makes of the same files: entries by name, with the certificates of the files in place of their paths. */
interface Merged {
  'current-context': string;
  contexts: { name: string; context: { cluster: string; user: string } }[] | null;
  clusters: { name: string; cluster: Record<string, string> }[] | null;
  users: { name: string; user: Record<string, string> }[] | null;
}

/** Skipped where there is no kubectl. */
describe.skipIf(!hasKubectl)('kubeconfigs that are merged', () => {
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'merge-'))));
  afterAll(() => rm(folder, { recursive: true }));

  test('lead where kubectl goes by the same files, by each context and without one', async () => {
    const outcomes = { led: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(kubeconfig, { minLength: 2, maxLength: 4 }), async (configs) => {
        const paths = [join(folder, 'missing'), ...configs.map(write)];
        const merged = mergedByKubectl(paths);

        for (const context of [...contextNames, undefined]) {
          const expected = accessIn(merged, context ?? merged['current-context']);
          const found = await findClusterAccess({ kind: 'kubeconfig', paths, context }, {}).then(told, () => undefined);

          expect(found).toEqual(expected);
          outcomes[expected ? 'led' : 'refused']++;
        }
      }),
      { numRuns: 15 },
    );
    // Both were really seen, and not once only.
    expect(Math.min(outcomes.led, outcomes.refused)).toBeGreaterThan(5);
  }, 60_000);

  /** Each file in a folder of its own, with files of the same names and other contents. */
  function write(config: unknown, index: number): string {
    const own = join(folder, String(index));
    mkdirSync(own, { recursive: true });
    for (const file of ['ca.crt', 'client.crt', 'client.key']) writeFileSync(join(own, file), `${file} ${index}`);
    writeFileSync(join(own, 'config'), JSON.stringify(config));
    return join(own, 'config');
  }
});

const few = fc.constantFrom('x', 'y', 'z');
const cluster = fc.record(
  {
    server: fc.constantFrom('https://east', 'https://west:6443', 'http://north:8080'),
    'certificate-authority': fc.constant('ca.crt'),
    'tls-server-name': fc.constant('kube'),
    'proxy-url': fc.constant('http://proxy:3128'),
  },
  { requiredKeys: ['server'] },
);
/** One of the two: kubectl refuses to flatten both. */
const key = fc.constantFrom(
  {},
  { 'client-key': 'client.key' },
  { 'client-key-data': Buffer.from('inline').toString('base64') },
);
const userWithoutKey = fc.record(
  {
    token: fc.constantFrom('ann', 'bob'),
    tokenFile: fc.constantFrom('/tokens/ann', '/tokens/bob'),
    'client-certificate': fc.constant('client.crt'),
    username: fc.constantFrom('ann', 'bob'),
    as: fc.constant('eve'),
  },
  { requiredKeys: [] },
);
const user = fc.tuple(userWithoutKey, key).map(([fields, chosen]) => ({ ...fields, ...chosen }));
const named = <T>(key: string, value: fc.Arbitrary<T>) =>
  fc.uniqueArray(fc.record({ name: few, [key]: value }), { selector: ({ name }) => name, maxLength: 3 });
const kubeconfig = fc.record(
  {
    'current-context': few,
    contexts: named('context', fc.record({ cluster: few, user: few })),
    clusters: named('cluster', cluster),
    users: named('user', user),
  },
  { requiredKeys: ['contexts'] },
);

function mergedByKubectl(paths: string[]): Merged {
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', KUBECONFIG: paths.join(':') };
  const { status, stdout, stderr } = spawnSync('kubectl', ['config', 'view', '--raw', '--flatten', '-o', 'json'], {
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Merged;
}

/** Undefined where the merged file leads nowhere by that context. */
function accessIn({ contexts, clusters, users }: Merged, name: string) {
  const context = contexts?.find((entry) => entry.name === name)?.context;
  const at = clusters?.find((entry) => entry.name === context?.cluster)?.cluster;
  const by = users?.find((entry) => entry.name === context?.user)?.user;
  if (!context || !at || !by) return undefined;
  const inline = (field: string | undefined) => field && Buffer.from(field, 'base64').toString('utf8');
  return {
    name: context.cluster,
    server: at['server'],
    proxyUrl: at['proxy-url'],
    tlsServerName: at['tls-server-name'],
    authority: inline(at['certificate-authority-data']),
    certificate: inline(by['client-certificate-data']),
    key: inline(by['client-key-data']),
    token: by['tokenFile'] ?? by['token'],
    username: by['username'],
    impersonate: by['as'],
  };
}

/** The same of what was found, with the certificates' files read. */
function told({
  name,
  server,
  proxyUrl,
  tlsServerName,
  authority,
  certificate,
  key,
  token,
  basic,
  impersonate,
}: ClusterAccess) {
  const read = (material: Material | undefined) =>
    material && ('text' in material ? material.text : readFileSync(material.file, 'utf8'));
  return {
    name,
    server,
    proxyUrl,
    tlsServerName,
    authority: read(authority),
    certificate: read(certificate),
    key: read(key),
    token: token && ('file' in token ? token.file : token.text),
    username: basic?.username,
    impersonate,
  };
}
