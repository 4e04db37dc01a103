import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { request } from 'undici';
import { settingList } from '../src/config/setting-list.ts';
import type { Cluster } from '../src/kubernetes/cluster.ts';
import { httpClient } from './http-client.ts';
import { quantile, type Row } from './measure.ts';
import { startBundle } from './service-process.ts';

const limit = 1.2;
const warmUp = 30;
const times = 300;
const scalings = 20;
const counted = 10;
const nodesEach = 6;

const prefix = 'EXECUTOR_SAFETY_RULES_';
const names = [
  ...new Set(
    settingList.flatMap(({ path: [part, section, name = ''] }) =>
      part === 'safety' && section === 'rules' ? [name] : [],
    ),
  ),
].filter((name) => name !== 'custom');

/** Each rule has something to look at, and lets it pass. */
const given: Record<string, unknown> = {
  ALLOWED_ACTIONS_BY_NAMESPACE: [{ allow: ['*'], deny: ['drain_node'] }],
  MINIMUM_REPLICAS_BY_NAMESPACE: [{ replicas: 1 }],
  FREEZE_WINDOW_WINDOWS: [{ name: 'new year', schedule: '0 0 1 1 *', time_zone: 'Europe/Berlin', duration: '1h' }],
  BLAST_RADIUS_TARGETS_PER_NAMESPACE: 1000,
  BLAST_RADIUS_TARGETS_PER_CLUSTER: 1000,
  BLAST_RADIUS_NODE_SHARE: 1,
  NAMESPACE_QUOTA_BY_NAMESPACE: [{ executions: 10_000, window: '10s' }],
  OSCILLATION_WINDOW: '30m',
  OSCILLATION_SCALE_FLIPS: 999,
  OSCILLATION_RESTARTS: 999,
};
const custom = [
  { name: 'guarded', expression: '"bench/guarded" in target.labels || "bench/guarded" in namespace_labels' },
  { name: 'big', expression: 'changes.exists(c, c.edits.exists(e, e.to == 10000)) && caller != "nobody"' },
];

/** The rules that are named are on, the others off. */
function settingsOf(on: readonly string[]): Record<string, string> {
  const verdict = (name: string) => (on.includes(name) ? (name === 'single_replica' ? 'ask' : 'deny') : 'off');
  return {
    ...Object.fromEntries(names.map((name) => [`${prefix}${name.toUpperCase()}_VERDICT`, verdict(name)])),
    ...Object.fromEntries(
      Object.entries(given).map(([name, value]) => [
        `${prefix}${name}`,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    ),
    [`${prefix}CUSTOM`]: JSON.stringify(on.includes('custom') ? custom : []),
  };
}

type Side = { client: ReturnType<typeof httpClient>; url: string; name: string };
type Work = (side: Side, turn: number) => Promise<unknown>;

/**
 * All rules on against all off: two services on one cluster, request by request in turns, each on objects of its own. And what
 * each rule alone asks of the API server for one execution.
 */
export async function rulesRows(
  postgresUrl: string,
  { settings, cluster }: { settings: Record<string, string | undefined>; cluster: Cluster },
): Promise<Row[]> {
  const suffix = randomUUID().slice(0, 6);
  const namespace = `bench-rules-${suffix}`;
  const nodesOf = (name: string) => Array.from({ length: nodesEach }, (_, index) => `rules-${suffix}-${name}-${index}`);
  const works: Record<string, { work: Work; times: number }> = {
    'cordon/uncordon': {
      work: ({ client, name }, turn) =>
        client.execute(Math.floor(turn / nodesEach) % 2 ? 'uncordon_node' : 'cordon_node', {
          node_name: nodesOf(name)[turn % nodesEach] ?? '',
        }),
      times,
    },
    update_network_policy: {
      work: ({ client, name }, turn) =>
        client.execute('update_network_policy', {
          namespace,
          resource_name: name,
          action_type: turn % 2 ? 'deny_ingress' : 'allow_ingress',
        }),
      times,
    },
    scale_deployment: {
      work: ({ client, name }, turn) =>
        client.execute('scale_deployment', { namespace, resource_name: name, replicas: turn % 2 ? 2 : 3 }),
      times: scalings,
    },
  };
  const closers: (() => Promise<unknown>)[] = [];
  const open = async (name: string, on: readonly string[], port: number): Promise<Side> => {
    const url = new URL(`/bench_rules_${name}_${suffix}`, postgresUrl);
    const database = url.pathname.slice(1);
    await admin.unsafe(`create database "${database}"`);
    closers.unshift(() => admin.unsafe(`drop database "${database}" with (force)`));
    const service = await startBundle({ ...settings, ...settingsOf(on), DATABASE_URL: url.href }, port);
    closers.unshift(() => service.stop());
    const client = httpClient(service.url, 1);
    closers.unshift(() => client.close());
    return { client, url: service.url, name };
  };
  const closeAll = async () => {
    for (const close of closers.splice(0)) await close();
  };
  const admin = postgres(postgresUrl, { max: 1, onnotice: () => undefined });
  const nodes = [...nodesOf('on'), ...nodesOf('off'), `rules-${suffix}-spare`];
  try {
    for (const name of nodes) await cluster.create({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
    await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    for (const name of ['on', 'off']) await createWorkload(cluster, { namespace, name });
    await new Promise((resolve) => setTimeout(resolve, 5_000));

    const rows: Row[] = [];
    const sides = [await open('on', [...names, 'custom'], 18_085), await open('off', [], 18_086)];
    for (const [what, { work, times: often }] of Object.entries(works))
      rows.push(await inTurns(what, sides, work, often));
    await closeAll();
    rows.push(...(await callRows(open, closeAll, works)));
    return rows;
  } finally {
    await closeAll();
    for (const name of nodes) await cluster.delete({ apiVersion: 'v1', kind: 'Node', name }).catch(() => undefined);
    await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace }).catch(() => undefined);
    await admin.end();
  }
}

async function inTurns(what: string, sides: readonly Side[], work: Work, often: number): Promise<Row> {
  const took = new Map(sides.map((side) => [side, [] as number[]]));
  for (let turn = 0; turn < often + warmUp; turn += 1) {
    // Neither is always the first after the other.
    for (const side of turn % 2 ? sides : sides.toReversed()) {
      const at = performance.now();
      await work(side, turn);
      if (turn >= Math.min(warmUp, often / 2)) took.get(side)?.push(performance.now() - at);
    }
    if (turn === often + Math.min(warmUp, often / 2)) break;
  }
  const [on = Number.NaN, off = Number.NaN] = sides.map((side) => quantile(took.get(side) ?? [], 0.5));
  return {
    what: `${what} with all rules, p50`,
    ours: `${on.toFixed(2)} ms`,
    bound: `all off ${off.toFixed(2)} ms`,
    ratio: on / off,
    limit: `<= ${limit.toFixed(2)}`,
    holds: on / off <= limit,
  };
}

/** Calls to the API server for one execution, once what is remembered for a while is remembered. */
async function callRows(
  open: (name: string, on: readonly string[], port: number) => Promise<Side>,
  closeAll: () => Promise<void>,
  works: Record<string, { work: Work }>,
): Promise<Row[]> {
  const measured = async (on: readonly string[]) => {
    // The objects of the side that is off serve all of them, one after another.
    const side = { ...(await open(`calls_${on[0] ?? 'none'}`, on, 18_087)), name: 'off' };
    const calls: number[] = [];
    for (const { work } of Object.values(works).slice(0, 2)) {
      for (let turn = 0; turn < 2 * nodesEach; turn += 1) await work(side, turn);
      const before = await callsOf(side);
      for (let turn = 0; turn < counted; turn += 1) await work(side, turn);
      calls.push(((await callsOf(side)) - before) / counted);
      // An even number of rounds leaves the nodes as they were.
      for (let turn = counted; turn < 2 * nodesEach; turn += 1) await work(side, turn);
    }
    await closeAll();
    return calls;
  };
  const none = await measured([]);
  const rows: Row[] = [];
  for (const name of [...names, 'custom']) {
    const calls = await measured([name]);
    const text = (all: readonly number[]) => all.map((one) => one.toFixed(1)).join(' and ');
    rows.push({
      what: `calls of cordon/uncordon and update_network_policy with ${name}`,
      ours: text(calls),
      bound: `all off ${text(none)}`,
      ratio: sum(calls) / sum(none),
      limit: 'for comparison',
      holds: true,
    });
  }
  return rows;
}

async function callsOf({ url }: Side): Promise<number> {
  const { body } = await request(`${url}/metrics`);
  const lines = (await body.text()).split('\n').filter((line) => line.startsWith('executor_kubernetes_requests_total'));
  return sum(lines.map((line) => Number(line.split(' ').at(-1))));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

async function createWorkload(
  cluster: Cluster,
  { namespace, name }: { namespace: string; name: string },
): Promise<void> {
  await cluster.create({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'app', image: 'registry.example/app:1' }] },
      },
    },
  });
  await cluster.create({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec: { podSelector: { matchLabels: { app: name } }, policyTypes: ['Ingress'] },
  });
}
