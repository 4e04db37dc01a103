import { randomUUID } from 'node:crypto';
import connect from 'postgres';
import { migrateDatabase } from '../src/platform/migrate.ts';
import { migrationsFolder } from '../src/platform/version.ts';
import { quantile, type Row } from './measure.ts';
import { type Load, type Measured, measured } from './queue/compare.ts';
import type { Contender, Terms } from './queue/contender.ts';
import { openGraphileWorker } from './queue/graphile-worker.ts';
import { openOurs } from './queue/ours.ts';
import { openPgBoss } from './queue/pg-boss.ts';

const atOnce = 16;
/** Many short ones, so that what else the machine does in the meantime is met by all of them. */
const rounds = 6;
const loads: { what: string; paced: Load; full: Load }[] = [
  { what: 'queue', paced: { jobs: 150, everyMs: 20 }, full: { jobs: 2_000, lanes: 16 } },
  {
    what: 'queue, serial per key',
    paced: { jobs: 150, everyMs: 20, keys: 8 },
    full: { jobs: 2_000, lanes: 16, keys: 64 },
  },
];

/** Runs that do nothing, from before they are asked for to their start and their end: against the better of two kept queues. */
export async function queueRows(postgresUrl: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { what, paced, full } of loads) {
    // First, so that all that is paced runs compiled, as it does in a process that has been up for a while.
    const fast = await all(postgresUrl, full);
    const slow = await all(postgresUrl, paced);
    for (const [label, of] of [
      ['start', 'startMs'],
      ['end', 'endMs'],
    ] as const) {
      for (const share of [0.5, 0.99]) {
        const figures = slow.map((one) => ({ name: one.name, value: quantile(one[of], share) }));
        rows.push(rowOf(`${what}: to the ${label}, p${share * 100}`, figures, { unit: ' ms', more: false }));
      }
    }
    const figures = fast.map(({ name, perSecond }) => ({ name, value: perSecond }));
    rows.push(rowOf(`${what}: ended per second`, figures, { unit: '/s', more: true }));
  }
  return rows;
}

/** Each contender under that load, in turn, round after round; ours first. */
async function all(postgresUrl: string, load: Load): Promise<Measured[]> {
  const contenders = [openOurs, openGraphileWorker, openPgBoss];
  const told = new Map<string, Measured[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const open of contenders) {
      const one = await withDatabase(postgresUrl, (databaseUrl) => inTurn(open, databaseUrl, load));
      told.set(one.name, [...(told.get(one.name) ?? []), one]);
    }
  }
  return [...told].map(([name, ones]) => ({
    name,
    startMs: ones.flatMap(({ startMs }) => startMs),
    endMs: ones.flatMap(({ endMs }) => endMs),
    perSecond: quantile(
      ones.map(({ perSecond }) => perSecond),
      0.5,
    ),
  }));
}

async function inTurn(open: (terms: Terms) => Promise<Contender>, databaseUrl: string, load: Load): Promise<Measured> {
  if (open === openOurs) await migrateDatabase({ url: databaseUrl, folder: migrationsFolder });
  return await measured(open, { databaseUrl, atOnce, keyed: load.keys !== undefined }, load);
}

export async function withDatabase<T>(postgresUrl: string, use: (databaseUrl: string) => Promise<T>): Promise<T> {
  const name = `bench_${randomUUID().replaceAll('-', '')}`;
  const admin = connect(postgresUrl, { max: 1, onnotice: () => undefined });
  await admin.unsafe(`create database ${name}`);
  try {
    return await use(new URL(`/${name}`, postgresUrl).href);
  } finally {
    await admin.unsafe(`drop database if exists ${name} with (force)`);
    await admin.end();
  }
}

function rowOf(
  what: string,
  [ours, ...others]: { name: string; value: number }[],
  { unit, more }: { unit: string; more: boolean },
): Row {
  const [best] = others.toSorted((a, b) => (more ? b.value - a.value : a.value - b.value));
  if (!ours || !best) throw new Error('Nothing to compare');
  const ratio = ours.value / best.value;
  const text = (value: number) => `${value.toFixed(more ? 0 : 1)}${unit}`;
  return {
    what,
    ours: text(ours.value),
    bound: `${best.name} ${text(best.value)}`,
    ratio,
    limit: more ? '>= 1.00' : '<= 1.00',
    holds: more ? ratio >= 1 : ratio <= 1,
  };
}
