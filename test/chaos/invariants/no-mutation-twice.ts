import type { Broken, Evidence, Finding } from '../evidence.ts';
import type { RecordedChange, Run } from '../journal.ts';
import type { Mutation } from '../mutations.ts';
import { isOf, isSaid } from './is-of.ts';

/** Of the two machines' clocks, which are one here, and of a commit that follows the moment it writes. */
const toleranceMs = 30;

/**
 * Every write in the API server's log is one change of one run, made while that run held its target, once; and the
 * record of the run says neither less nor more than what the log shows.
 */
export function noMutationTwice(evidence: Evidence): Finding[] {
  const once: Broken[] = [];
  const owned: Broken[] = [];
  const recorded: Broken[] = [];
  const made = new Map<RecordedChange, Mutation[]>();
  for (const mutation of evidence.mutations) {
    const owner = ownerOf(mutation, evidence);
    if ('why' in owner) owned.push({ what: owner.why, ids: owner.ids, mutations: [mutation] });
    else made.set(owner.change, [...(made.get(owner.change) ?? []), mutation]);
  }
  let changes = 0;
  let before = 0;
  for (const run of evidence.runs) {
    for (const change of run.changes) {
      if (change.kind === 'wait') continue;
      changes += 1;
      const mutations = made.get(change) ?? [];
      const about = { ids: [run.id], mutations };
      if (mutations.length > 1)
        once.push({ ...about, what: `${run.id}: "${change.summary}" was done ${mutations.length} times` });
      if (run.endedAt === undefined) continue;
      const { status } = change;
      if (mutations.length > 0 && ['pending', 'failed', 'skipped'].includes(status))
        recorded.push({ ...about, what: `${run.id}: "${change.summary}" was done, and is recorded as ${status}` });
      if (mutations.length > 0 || status !== 'applied' || change.kind === 'evict' || change.kind === 'delete') continue;
      if (wasSoBefore(evidence, run, change)) before += 1;
      else
        recorded.push({
          ...about,
          what: `${run.id}: "${change.summary}" is recorded as applied, and was not done by it`,
        });
    }
  }
  return [
    { invariant: 'no mutation twice', checked: changes, broken: once },
    {
      invariant: 'every mutation within the run that it belongs to',
      checked: evidence.mutations.length,
      broken: owned,
    },
    { invariant: 'recorded is what was done', checked: changes, broken: recorded, apart: before },
  ];
}

type Owner = { change: RecordedChange } | { why: string; ids: string[] };

function ownerOf(mutation: Mutation, { runs, rows, locks }: Evidence): Owner {
  const fits = runs.flatMap((run) =>
    run.changes.filter((change) => isOf(mutation, change)).map((change) => ({ run, change })),
  );
  // A run that was over a moment before comes after one that was under way.
  const within = fits
    .filter(({ run }) => isWithin(mutation, run))
    .toSorted((a, b) => distance(mutation, a.run) - distance(mutation, b.run));
  const told = `${mutation.verb} ${mutation.resource}${mutation.subresource ? `/${mutation.subresource}` : ''} ${mutation.name}`;
  if (within.length === 0) {
    const near = fits.toSorted((a, b) => distance(mutation, a.run) - distance(mutation, b.run)).slice(0, 2);
    const ids = near.map(({ run }) => run.id);
    const late = near.map(({ run }) => `${run.id} by ${distance(mutation, run)} ms`).join(', ');
    return { ids, why: ids.length > 0 ? `${told} came outside of its run: ${late}` : `${told} is in nobody's plan` };
  }
  const byTrace = within.filter(({ run }) => rows.get(run.id)?.trace_id === mutation.call.traceId);
  const holders = within.filter(({ run }) =>
    locks.some(({ id, held, key }) => id === run.id && held && key.endsWith(`/${mutation.name}`)),
  );
  const [best] = byTrace.length > 0 ? byTrace : holders.length > 0 ? holders : within;
  const trace = [...rows.values()].find((row) => row.trace_id !== null && row.trace_id === mutation.call.traceId);
  if (trace && best && trace.id !== best.run.id)
    return {
      ids: [trace.id, best.run.id],
      why: `${told} was sent for ${trace.id} while ${best.run.id} held the target`,
    };
  return best ?? { ids: [], why: `${told} is in nobody's plan` };
}

/**
 * Whether an earlier run had brought the object there after this one was planned and before it was claimed. Where the
 * answer to this one's own write is lost nobody can tell from the object whose work it is.
 */
function wasSoBefore({ mutations }: Evidence, run: Run, change: RecordedChange): boolean {
  const pointers = Object.keys(change.after ?? {});
  const last = mutations.findLast(
    ({ received, name, namespace, body }) =>
      received < run.beganAt &&
      name === change.target.name &&
      (namespace ?? '') === (change.target.namespace ?? '') &&
      pointers.some((pointer) => isSaid(body, pointer)),
  );
  return last !== undefined && run.beganAt - last.answered < planLastsMs && isOf(last, change);
}

/** From the read of a plan to its claim: a slot is waited for, and a slow API server. */
const planLastsMs = 30_000;

function isWithin({ received }: Mutation, { beganAt, endedAt = Number.POSITIVE_INFINITY }: Run): boolean {
  return received >= beganAt - toleranceMs && received <= endedAt + toleranceMs;
}

function distance({ received }: Mutation, { beganAt, endedAt = Number.POSITIVE_INFINITY }: Run): number {
  return Math.max(beganAt - received, received - endedAt, 0);
}
