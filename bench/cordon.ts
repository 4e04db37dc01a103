import postgres from 'postgres';
import type { KubernetesCredentials } from '../src/platform/kubernetes-credentials.ts';
import type { httpClient } from './http-client.ts';
import { quantile, type Row, timed } from './measure.ts';

const rounds = 8;
const perRound = 60;
/** In flight at the most. */
export const lanes = 10;

/**
 * Cordon and uncordon, verified by the write's own answer, against what the API server needs for the same: one GET and
 * one PATCH over one pool of connections. In turns, so that what else the machine does hits both.
 */
export async function cordonRows(
  client: ReturnType<typeof httpClient>,
  credentials: KubernetesCredentials,
  { nodes, databaseUrl }: { nodes: readonly string[]; databaseUrl: string },
): Promise<Row[]> {
  // Each lane goes round its own nodes: the node controllers answer a cordon with a taint, and a node that is taken up
  // again before they have would be a race with them, not a measure of ours.
  const turns = Array.from({ length: lanes }, () => 0);
  const cordoned = new Set<string>();
  const next = (lane: number) => {
    const own = nodes.filter((_node, index) => index % lanes === lane);
    const turn = turns[lane] ?? 0;
    turns[lane] = turn + 1;
    return own[turn % own.length] ?? '';
  };
  const flip = (node: string) => (cordoned.delete(node) ? false : Boolean(cordoned.add(node)));
  const ours = async (lane: number) => {
    const node = next(lane);
    const action = flip(node) ? 'cordon_node' : 'uncordon_node';
    const { changed } = await client.execute(action, { node_name: node });
    if (changed !== true) throw new Error(`${action} of ${node} changed nothing`);
  };
  const bare = async (lane: number) => {
    const node = next(lane);
    await call(credentials, node);
    await call(credentials, node, { spec: { unschedulable: flip(node) ? true : null } });
  };
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined });
  await sql`create table if not exists bench_floor (id integer primary key, word text)`;
  // What is left where all code of ours costs nothing: the same two calls, with a commit before the write and one after.
  const floor = async (lane: number) => {
    const node = next(lane);
    await call(credentials, node);
    await sql`insert into bench_floor values (1, 'claimed') on conflict (id) do update set word = excluded.word`;
    await call(credentials, node, { spec: { unschedulable: flip(node) ? true : null } });
    await sql`update bench_floor set word = 'done' where id = 1`;
  };
  const one = await inTurns({ times: perRound, inFlight: 1 }, ours, bare);
  const ten = await inTurns({ times: perRound * 3, inFlight: lanes }, ours, bare);
  const least = await inTurns({ times: perRound, inFlight: 1 }, floor, bare);
  await sql`drop table bench_floor`;
  await sql.end();
  const p50 = { ours: quantile(one.ours.ms, 0.5), bare: quantile(one.bare.ms, 0.5) };
  const leastP50 = { ours: quantile(least.ours.ms, 0.5), bare: quantile(least.bare.ms, 0.5) };
  const latency = p50.ours / p50.bare;
  const rate = ten.ours.perSecond / ten.bare.perSecond;
  return [
    {
      what: 'cordon/uncordon, 1 in flight, p50',
      ours: `${p50.ours.toFixed(2)} ms`,
      bound: `GET + PATCH ${p50.bare.toFixed(2)} ms`,
      ratio: latency,
      limit: '<= 1.30',
      holds: latency <= 1.3,
    },
    {
      what: 'the same two calls and two SQL commits, bare',
      ours: `${leastP50.ours.toFixed(2)} ms`,
      bound: `GET + PATCH ${leastP50.bare.toFixed(2)} ms`,
      ratio: leastP50.ours / leastP50.bare,
      limit: 'for comparison',
      holds: true,
    },
    {
      what: 'cordon/uncordon, 10 in flight, rate',
      ours: `${ten.ours.perSecond.toFixed(0)}/s`,
      bound: `GET + PATCH ${ten.bare.perSecond.toFixed(0)}/s`,
      ratio: rate,
      limit: '>= 0.80',
      holds: rate >= 0.8,
    },
  ];
}

async function inTurns(
  load: { times: number; inFlight: number },
  ours: (lane: number) => Promise<void>,
  bare: (lane: number) => Promise<void>,
) {
  await timed({ times: 30, inFlight: load.inFlight }, ours);
  await timed({ times: 30, inFlight: load.inFlight }, bare);
  const results = { ours: { ms: [] as number[], seconds: 0 }, bare: { ms: [] as number[], seconds: 0 } };
  for (let round = 0; round < rounds; round += 1) {
    for (const [side, work] of round % 2
      ? ([
          ['bare', bare],
          ['ours', ours],
        ] as const)
      : ([
          ['ours', ours],
          ['bare', bare],
        ] as const)) {
      const { ms, perSecond } = await timed(load, work);
      results[side].ms.push(...ms);
      results[side].seconds += load.times / perSecond;
    }
  }
  const rateOf = ({ ms, seconds }: { ms: number[]; seconds: number }) => ({ ms, perSecond: ms.length / seconds });
  return { ours: rateOf(results.ours), bare: rateOf(results.bare) };
}

async function call({ fetch, server, authorize }: KubernetesCredentials, node: string, patch?: unknown): Promise<void> {
  const response = await fetch(`${server}/api/v1/nodes/${node}`, {
    method: patch ? 'PATCH' : 'GET',
    headers: { ...(await authorize()), ...(patch ? { 'content-type': 'application/merge-patch+json' } : {}) },
    ...(patch ? { body: JSON.stringify(patch) } : {}),
    redirect: 'manual',
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${text.slice(0, 300)}`);
}
