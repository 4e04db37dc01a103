import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Failures, failuresOf } from '../../src/database/failures.ts';
import { type Oscillation, oscillationOf } from '../../src/database/oscillation.ts';
import { type Chance, seeded } from '../chaos/seeded.ts';
import { type Service, startService } from '../support/service.ts';

let service: Service;

beforeAll(async () => {
  service = await startService();
});

afterAll(async () => {
  await service.close();
});

const minute = 60_000;
const scalings = ['scale_deployment', 'scale_statefulset'];
const restarts = ['restart_pod', 'restart_deployment'];
const actions = [...scalings, ...restarts, 'rollback', 'cordon_node'];
const names = ['web', 'db'];
const namespaces = ['shop', 'bank', null];
const kinds = ['Deployment', 'StatefulSet'];
const clusters = ['here', 'there'];

interface Change {
  status: string;
  target: { kind: string; name: string };
  before?: unknown;
  after?: unknown;
}

interface Line {
  id: string;
  cluster: string;
  namespace: string | null;
  kind: string;
  name: string;
  action: string;
  status: string;
  dryRun: boolean;
  changed: boolean;
  changes: Change[];
  /** Minutes ago; null while it is under way. */
  ended: number | null;
}

type Target = Pick<Line, 'cluster' | 'namespace' | 'kind' | 'name'>;

function lineOf(chance: Chance, index: number): Line {
  const status = chance.weighed({
    completed: 4,
    failed: 3,
    timed_out: 2,
    rolled_back: 1,
    cancelled: 1,
    refused: 1,
    running: 1,
  });
  const kind = chance.often(0.8) ? 'Deployment' : chance.pick(kinds);
  const name = chance.often(0.8) ? 'web' : chance.pick(names);
  const change = (): Change => {
    const told = chance.weighed({ replicas: 8, text: 1, none: 1, other: 1, fromNone: 1 });
    const from = chance.between(0, 3);
    const to = chance.between(0, 3);
    return {
      status: chance.weighed({ applied: 8, unknown: 1, failed: 1, skipped: 1, pending: 1 }),
      target: chance.often(0.9) ? { kind, name } : { kind, name: 'another' },
      ...(told === 'none'
        ? {}
        : told === 'other'
          ? { before: { '/spec/paused': true }, after: { '/spec/paused': null } }
          : {
              before: { '/spec/replicas': told === 'fromNone' ? null : told === 'text' ? String(from) : from },
              after: { '/spec/replicas': to },
            }),
    };
  };
  return {
    // Ids are not in the order of time.
    id: `line-${chance.between(100_000, 999_999)}-${index}`,
    cluster: chance.often(0.9) ? 'here' : chance.pick(clusters),
    namespace: chance.often(0.8) ? 'shop' : chance.pick(namespaces),
    kind,
    name,
    action: chance.pick(actions),
    status,
    dryRun: chance.often(0.1),
    changed: chance.often(0.8),
    changes: Array.from({ length: chance.weighed({ 0: 1, 1: 8, 2: 2 }) === '1' ? 1 : chance.between(0, 2) }, change),
    ended: status === 'running' ? null : chance.between(1, 5 * 40) / 5,
  };
}

const isOf = (line: Line, target: Target): boolean =>
  line.cluster === target.cluster &&
  line.namespace === target.namespace &&
  line.kind === target.kind &&
  line.name === target.name;

/** Newest first. */
function over(lines: readonly Line[], target: Target): (Line & { ended: number })[] {
  return lines
    .flatMap((line) =>
      line.ended === null || line.dryRun || !isOf(line, target) ? [] : [{ ...line, ended: line.ended }],
    )
    .sort((a, b) => a.ended - b.ended || (a.id < b.id ? 1 : -1));
}

function replicasIn(values: unknown): number | undefined {
  const value: unknown =
    typeof values === 'object' && values !== null ? Reflect.get(values, '/spec/replicas') : undefined;
  return typeof value === 'number' ? value : undefined;
}

function stepOf(line: Line): number {
  let step = 0;
  for (const { status, target, before, after } of line.changes) {
    const [from, to] = [replicasIn(before), replicasIn(after)];
    const made = status === 'applied' || status === 'unknown';
    if (made && target.kind === line.kind && target.name === line.name && from !== undefined && to !== undefined)
      step += to - from;
  }
  return Math.sign(step);
}

/** What oscillationOf is to find, as minutes ago. */
function swingsIn(lines: readonly Line[], target: Target, minutes: number) {
  const within = over(lines, target).filter(({ changed, ended }) => changed && ended < minutes);
  const steps = within
    .filter(({ action }) => action === 'rollback' || scalings.includes(action))
    .map((line) => ({ ended: line.ended, step: stepOf(line) }))
    .filter(({ step }) => step !== 0);
  const newest = steps[0]?.step;
  return {
    flips: steps.filter(({ step }, index) => steps[index + 1]?.step === -step).map(({ ended }) => ended),
    direction: newest === undefined ? undefined : newest > 0 ? 'up' : 'down',
    restarts: within.filter(({ action }) => restarts.includes(action)).map(({ ended }) => ended),
  };
}

/** What failuresOf is to find. */
function failuresIn(lines: readonly Line[], target: Target, action: string) {
  const told = over(lines, target).filter(
    ({ action: done, status, changed }) =>
      done === action && !['cancelled', 'refused'].includes(status) && (changed || status !== 'completed'),
  );
  const well = told.findIndex(({ status }) => status === 'completed' || status === 'rolled_back');
  const failed = well < 0 ? told : told.slice(0, well);
  return { count: failed.length, last: failed[0]?.id };
}

async function insert(lines: readonly Line[]): Promise<Date> {
  await service.sql`truncate execution`;
  const [row] = await service.sql<{ now: Date }[]>`select date_trunc('milliseconds', now()) as now`;
  if (!row) throw new Error('There is no time');
  await service.sql`
    insert into execution (id, cluster, namespace, kind, name, action, status, dry_run, changed, changes, finished_at,
      parameters, plan, expectations, verdicts, risk, warnings, message, timeout_ms)
    select id, cluster, namespace, kind, name, action, status, "dryRun", changed, changes,
      ${row.now}::timestamptz - ended * interval '1 minute', '{}', '{}', '[]', '[]', '{}', '[]', '', 1000
    from jsonb_to_recordset(${JSON.stringify(lines)}::text::jsonb) as line (id text, cluster text, namespace text,
      kind text, name text, action text, status text, "dryRun" boolean, changed boolean, changes jsonb, ended float8)`;
  return row.now;
}

const targets: Target[] = clusters.flatMap((cluster) =>
  namespaces.flatMap((namespace) => kinds.flatMap((kind) => names.map((name) => ({ cluster, namespace, kind, name })))),
);

test.each(Array.from({ length: 25 }, (_, seed) => seed + 1))(
  'of a history by chance, seed %i, flips, restarts and failures are those that a plain look finds',
  async (seed) => {
    const chance = seeded(seed);
    const lines = Array.from({ length: chance.between(1, 200) }, (_, index) => lineOf(chance, index));
    const now = (await insert(lines)).getTime();
    // Between two ends, so that the time that passes meanwhile changes nothing.
    const minutes = chance.between(1, 40) + 0.1;
    const { database } = service.runtime.executor;
    const ago = (times: Date[]) => times.map((time) => Math.round((now - time.getTime()) / 12_000) / 5);

    for (const target of targets) {
      const query = { ...target, namespace: target.namespace ?? undefined };
      const found: Oscillation = await oscillationOf(database, {
        target: query,
        windowMs: minutes * minute,
        scalings,
        restarts,
      });
      expect({ ...found, flips: ago(found.flips), restarts: ago(found.restarts) }).toEqual(
        swingsIn(lines, target, minutes),
      );

      for (const action of actions) {
        const { count, last }: Failures = await failuresOf(database, { target: query, action });
        expect({ count, last: last?.id }).toEqual(failuresIn(lines, target, action));
      }
    }
  },
);
