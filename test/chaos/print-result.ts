import type { Broken, Row } from './evidence.ts';
import { faultKinds, isOfApi } from './faults.ts';
import type { ChaosResult } from './run-chaos.ts';

const mostPrinted = 12;

/** The table of what was done to the service, what it was asked and what became of it, and whether it held. */
export function resultText(result: ChaosResult): string {
  const { seed, faults, told, evidence, findings, apiFaults, memoryMb, stopsMs } = result;
  const rows = [...evidence.rows.values()];
  const kinds = faultKinds.filter((kind) => faults.some((fault) => fault.kind === kind));
  const taken = evidence.steps.filter(({ was, becomes }) => was === 'running' && becomes === 'unknown');
  const lateMs = taken
    .flatMap(({ at, leaseUntil }) => (leaseUntil ? [at.getTime() - leaseUntil.getTime()] : []))
    .toSorted((a, b) => a - b);
  const settled = rows.filter((row) => row.settled !== null);
  const broken = findings.flatMap(({ invariant, broken: all }) =>
    all
      .filter((one, index) => all.findIndex(({ what }) => what === one.what) === index)
      .map((one) => ({ ...one, invariant })),
  );
  return [
    `Chaos, seed ${seed}`,
    '',
    ...table(
      ['fault', 'times', 'calls'],
      kinds.map((kind) => [
        kind,
        String(faults.filter((fault) => fault.kind === kind).length),
        isOfApi(kind) ? String(apiFaults[kind] ?? 0) : '',
      ]),
    ),
    '',
    ...table(
      ['request', 'sent', 'outcomes'],
      [...new Set(told.map(({ request }) => request.action))].toSorted().map((action) => {
        const its = told.filter(({ request }) => request.action === action);
        return [action, String(its.length), countsOf(its.map(({ outcome }) => outcome))];
      }),
    ),
    '',
    `Executions: ${rows.length} (${countsOf(rows.map(({ status }) => status))})`,
    `Mutations: ${evidence.mutations.length} (${countsOf(evidence.mutations.map(({ verb, subresource }) => (subresource === 'eviction' ? 'evict' : verb)))})`,
    `Taken over: ${taken.length}, after the end of the lease by ${summaryOf(lateMs)} ms; settled ${settled.length} (${countsOf(settled.map(({ action, status }) => `${action} ${status}`))})`,
    `Answers: ${countsOf(told.flatMap(({ answers }) => answers.map((answer) => answer.slice(0, 3))))}`,
    `Quiet ${Math.round(result.settledAfterMs)} ms after the last fault; processes started ${result.starts} times; SIGTERM to exit ${summaryOf(stopsMs.toSorted((a, b) => a - b))} ms`,
    `Last to end: ${lastOf(rows)}`,
    `Memory of a replica: ${Math.round(memoryMb.first)} MB at first, ${Math.round(memoryMb.last)} MB at last, ${Math.round(memoryMb.most)} MB at most`,
    '',
    ...table(
      ['invariant', 'checked', 'broken', ''],
      findings.map(({ invariant, checked, broken: its, apart = 0 }) => [
        invariant,
        String(checked),
        String(its.length),
        apart > 0 ? `${apart} were so already by the run before, which the object does not tell` : '',
      ]),
    ),
    ...(broken.length > 0
      ? [
          '',
          `BROKEN with seed ${seed}; logs in ${result.folder ?? ''}`,
          ...broken
            .slice(0, mostPrinted)
            .flatMap((one) => ['', `${one.invariant}: ${one.what}`, ...storyOf(one, result)]),
        ]
      : []),
  ].join('\n');
}

/** What is known of the executions that a finding is about: rows, steps, and their writes in the API server's log. */
function storyOf({ ids, mutations = [] }: Broken, { evidence, told }: ChaosResult): string[] {
  return [
    ...ids.flatMap((id) => {
      const row = evidence.rows.get(id);
      const steps = evidence.steps.filter((step) => step.id === id);
      return [
        `  row ${JSON.stringify(row ? { ...row, plan: undefined, verdicts: undefined, risk: undefined } : { id })}`,
        ...steps.map(
          ({ at, was, becomes, fence, holder }) =>
            `  ${at.toISOString()} ${was ?? ''} -> ${becomes ?? ''} fence ${fence} ${holder ?? ''}`,
        ),
        ...told
          .filter((its) => its.id === id || its.key === id)
          .map((its) => `  told ${its.key}: ${its.answers.join(', ')}`),
        ...evidence.mutations
          .filter(({ call }) => row?.trace_id && call.traceId === row.trace_id)
          .map((mutation) => `  its trace ${JSON.stringify(mutation)}`),
      ];
    }),
    ...mutations.map((mutation) => `  audit ${new Date(mutation.received).toISOString()} ${JSON.stringify(mutation)}`),
  ];
}

function table(head: string[], rows: string[][]): string[] {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  return [head, ...rows].map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function countsOf(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .toSorted((a, b) => b[1] - a[1])
    .map(([word, count]) => `${word} ${count}`)
    .join(', ');
}

function lastOf(rows: readonly Row[]): string {
  const last = rows.toSorted((a, b) => (b.finished_at?.getTime() ?? 0) - (a.finished_at?.getTime() ?? 0))[0];
  if (!last?.finished_at) return '-';
  const tookMs = (last.finished_at.getTime() - last.created_at.getTime()).toString();
  return `${last.id} (${last.action}), ${last.status} ${tookMs} ms after it was asked for: ${last.message}`;
}

function summaryOf(sorted: readonly number[]): string {
  if (sorted.length === 0) return '-';
  return `${sorted[Math.floor(sorted.length / 2)]} (median), ${sorted.at(-1)} (most)`;
}
