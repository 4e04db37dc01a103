import { execFile } from 'node:child_process';
import { open, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Cluster } from '../src/kubernetes/cluster.ts';
import { numberAt } from '../src/kubernetes/value-at.ts';
import type { httpClient } from './http-client.ts';
import type { Row } from './measure.ts';
import { until } from './until.ts';

const run = promisify(execFile);
const workloads = ['web', 'api', 'jobs'];
const replicas = 50;
const mustStay = 40;
const mostDrains = 5;

export interface DrainBench {
  client: ReturnType<typeof httpClient>;
  cluster: Cluster;
  kubeconfig: string;
  /** The API server's: what was evicted is read there, not in anybody's answer. */
  auditLog: string;
  namespace: string;
}

/**
 * A node with 150 pods under three budgets (50 each, 40 must stay) drained by this service, and its twin by
 * `kubectl drain`, one after the other on the same cluster. Each must evict just the pods that its node had.
 */
export async function drainRow(bench: DrainBench): Promise<Row> {
  const sides = ['ours', 'kubectl'].map((side) => `${bench.namespace}-${side}`);
  const [ours = '', theirs = ''] = sides;
  try {
    for (const side of sides) await prepare(bench, side);
    const planned = await evictedByKubectl(bench, ours, ['--dry-run=client']);
    const mine = await measured(bench, ours, async () => {
      await bench.client.execute('drain_node', { node_name: ours });
    });
    const kubectls = await measured(bench, theirs, async () => void (await evictedByKubectl(bench, theirs, [])));
    const same =
      equal(mine.evicted, mine.pods) && equal(kubectls.evicted, kubectls.pods) && equal(mine.evicted, planned);
    if (!same) process.stderr.write(`Evicted were others than kubectl would evict: ${mine.evicted.join(' ')}\n`);
    const ratio = mine.ms / kubectls.ms;
    return {
      what: `drain of ${mine.pods.length} pods under ${workloads.length} budgets`,
      ours: `${told(mine)}`,
      bound: `kubectl ${told(kubectls)}`,
      ratio,
      limit: '<= 0.50, same pods',
      holds: ratio <= 0.5 && same && mine.evicted.length === workloads.length * replicas,
    };
  } finally {
    for (const side of sides) await tidy(bench, side);
  }
}

interface Drained {
  ms: number;
  /** On the node beforehand, but for the DaemonSet's. */
  pods: string[];
  evicted: string[];
  refused: number;
}

function told({ ms, evicted, refused }: Drained): string {
  return `${(ms / 1000).toFixed(1)} s (${evicted.length} evicted, ${refused} refused)`;
}

async function measured(bench: DrainBench, side: string, drain: () => Promise<void>): Promise<Drained> {
  const { cluster, auditLog } = bench;
  const { items } = await cluster.list({ apiVersion: 'v1', kind: 'Pod', fieldSelector: `spec.nodeName=${side}` });
  const pods = items.filter(({ metadata }) => !metadata.name.startsWith('agent-')).map(({ metadata }) => metadata.name);
  const { size } = await stat(auditLog);
  const began = performance.now();
  await drain();
  const ms = performance.now() - began;
  const evictions = (await auditFrom(auditLog, size)).filter((entry) => entry.namespace === side);
  const answered = (code: number) => evictions.filter((entry) => entry.code === code);
  return { ms, pods, evicted: answered(201).map(({ name }) => name), refused: answered(429).length };
}

/** Two nodes that only this side's pods come to: the one to drain with all of them, then the one that they go to. */
async function prepare({ cluster }: DrainBench, side: string): Promise<void> {
  await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: side } });
  const node = (name: string) =>
    cluster.create({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { 'bench/side': side } },
      spec: { taints: [{ key: 'bench/side', value: side, effect: 'NoSchedule' }] },
    });
  await node(side);
  const spec = {
    nodeSelector: { 'bench/side': side },
    tolerations: [{ key: 'bench/side', operator: 'Exists' }],
    containers: [{ name: 'app', image: 'registry.example/app:1' }],
  };
  const labelled = (app: string) => ({
    selector: { matchLabels: { app } },
    template: { metadata: { labels: { app } }, spec },
  });
  for (const name of workloads) {
    await cluster.create({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: side },
      spec: { replicas, ...labelled(name) },
    });
    await cluster.create({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name, namespace: side },
      spec: { minAvailable: mustStay, selector: { matchLabels: { app: name } } },
    });
  }
  await cluster.create({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent', namespace: side },
    spec: labelled('agent'),
  });
  for (const name of workloads) {
    await until(async () => {
      const reference = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', namespace: side, name };
      return numberAt(await cluster.get(reference), ['status', 'currentHealthy']) === replicas;
    });
  }
  await node(`${side}-refuge`);
  await until(async () => {
    const agent = { apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: side, name: 'agent' };
    return numberAt(await cluster.get(agent), ['status', 'numberReady']) === 2;
  });
}

async function tidy({ cluster }: DrainBench, side: string): Promise<void> {
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: side }).catch(() => undefined);
  for (const name of [side, `${side}-refuge`])
    await cluster.delete({ apiVersion: 'v1', kind: 'Node', name }).catch(() => undefined);
}

/** Drains by kubectl, again where it gives up, as an operator would; gives the pods that it says it evicts. */
async function evictedByKubectl({ kubeconfig }: DrainBench, node: string, more: string[]): Promise<string[]> {
  const args = ['--kubeconfig', kubeconfig, 'drain', node, '--ignore-daemonsets', ...more];
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { stdout } = await run('kubectl', args, { maxBuffer: 1 << 24, timeout: 300_000 });
      return [...stdout.matchAll(/^evicting pod [^/]+\/(\S+)/gm)].map(([, name = '']) => name);
    } catch (error) {
      if (attempt >= mostDrains) throw error;
    }
  }
}

interface Eviction {
  namespace: string;
  name: string;
  code: number;
}

async function auditFrom(path: string, from: number): Promise<Eviction[]> {
  // The log is written just after the answer is sent.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.max(0, size - from));
    await file.read(buffer, 0, buffer.length, from);
    return buffer.toString('utf8').split('\n').flatMap(evictionOf);
  } finally {
    await file.close();
  }
}

function evictionOf(line: string): Eviction[] {
  if (!line.includes('"subresource":"eviction"') || line.includes('dryRun')) return [];
  const entry = asEntry(JSON.parse(line));
  if (entry.stage !== 'ResponseComplete') return [];
  return [{ ...entry.objectRef, code: entry.responseStatus?.code ?? 0 }];
}

/** A line of the API server's audit log, by its own schema. */
function asEntry(value: unknown): {
  stage: string;
  objectRef: { namespace: string; name: string };
  responseStatus?: { code: number };
} {
  return value as ReturnType<typeof asEntry>;
}

function equal(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && new Set([...some, ...others]).size === some.length;
}
