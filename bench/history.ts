import { randomUUID } from 'node:crypto';
import postgres, { type Sql } from 'postgres';
import { request } from 'undici';
import { generateHistory } from './generate-history.ts';
import { httpClient } from './http-client.ts';
import { quantile, type Row, timed } from './measure.ts';
import { startBundle } from './service-process.ts';

const executions = 1_000_000;
const rounds = 15;
const perRound = 200;
const inFlight = 4;
const limit = 1.2;

/** What is measured: one request, whose round's median counts. */
type Work = (client: Client) => Promise<void>;
type Client = ReturnType<typeof httpClient> & { url: string };

const works: Record<string, Work> = {
  'admission (notify_only without a target)': async ({ execute }) =>
    void (await execute('notify_only', { message: 'The disk of the build cache is nearly full' })),
  'newest page of the history': page('limit=50'),
  'newest page of an action': page('limit=50&action=notify_only'),
  'newest page of an action that completed': page('limit=50&action=notify_only&status=completed'),
};

/**
 * A million finished executions in the history against none: two services on one PostgreSQL, in alternating rounds. The
 * ratio is the median of the rounds' own. Both have the same newest executions, because the admissions come first.
 */
export async function historyRows(postgresUrl: string, settings: Record<string, string | undefined>): Promise<Row[]> {
  const admin = postgres(postgresUrl, { max: 1, onnotice: () => undefined });
  const suffix = randomUUID().slice(0, 6);
  const [empty, full] = ['empty', 'full'].map((name) => new URL(`/bench_${name}_${suffix}`, postgresUrl));
  if (!empty || !full) throw new Error('There are two databases');
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const clients: Client[] = [];
    for (const [index, url] of [empty, full].entries()) {
      const name = url.pathname.slice(1);
      await admin.unsafe(`create database "${name}"`);
      closers.unshift(() => admin.unsafe(`drop database "${name}" with (force)`));
      const service = await startBundle({ ...settings, DATABASE_URL: url.href }, 18_085 + index);
      closers.unshift(() => service.stop());
      const client = httpClient(service.url, inFlight);
      closers.unshift(() => client.close());
      clients.push({ ...client, url: service.url });
    }
    await filled(full.href);
    await admin`checkpoint`;
    const rows: Row[] = [];
    for (const [what, work] of Object.entries(works)) rows.push(await row(what, work, clients));
    return rows;
  } finally {
    for (const close of closers) await close();
    await admin.end();
  }
}

async function row(what: string, work: Work, clients: readonly Client[]): Promise<Row> {
  const [empty, full] = clients;
  if (!empty || !full) throw new Error('There are two services');
  const medianOf = async (client: Client, times: number) =>
    quantile((await timed({ times, inFlight }, () => work(client))).ms, 0.5);
  for (const client of clients) await medianOf(client, perRound * 2);
  const seen: { none: number; million: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Whichever goes first may find the machine in another state.
    const first = round % 2 === 0 ? empty : full;
    const ahead = await medianOf(first, perRound);
    const behind = await medianOf(first === empty ? full : empty, perRound);
    seen.push(first === empty ? { none: ahead, million: behind } : { none: behind, million: ahead });
  }
  const middle = (values: readonly number[]) => quantile(values, 0.5);
  const ratio = middle(seen.map(({ none, million }) => million / none));
  return {
    what: `${what}, ${executions.toLocaleString('en')} in the history, p50`,
    ours: `${middle(seen.map(({ million }) => million)).toFixed(2)} ms`,
    bound: `empty ${middle(seen.map(({ none }) => none)).toFixed(2)} ms`,
    ratio,
    limit: `<= ${limit.toFixed(2)}`,
    holds: ratio <= limit,
  };
}

async function filled(url: string): Promise<void> {
  const sql: Sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    await generateHistory(sql, { count: executions, days: 80 });
  } finally {
    await sql.end();
  }
}

function page(query: string): Work {
  return async ({ url }) => {
    const { statusCode, body } = await request(`${url}/api/v1/executions?${query}`);
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`The history answered ${statusCode}: ${text.slice(0, 500)}`);
  };
}
