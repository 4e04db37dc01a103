/** One line of the table: ours against a bound, measured side by side in one run. */
export interface Row {
  what: string;
  ours: string;
  bound: string;
  ratio: number;
  limit: string;
  holds: boolean;
}

/** The value below which that share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Runs the work so many times, with so many in flight; gives each one's milliseconds and the whole's rate per second. */
export async function timed(
  { times, inFlight }: { times: number; inFlight: number },
  work: (lane: number, index: number) => Promise<void>,
): Promise<{ ms: number[]; perSecond: number }> {
  const ms: number[] = [];
  const began = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async (_, lane) => {
      for (let index = next++; index < times; index = next++) {
        const at = performance.now();
        await work(lane, index);
        ms.push(performance.now() - at);
      }
    }),
  );
  return { ms, perSecond: (times * 1000) / (performance.now() - began) };
}

/** The table, for a terminal; the exit code says whether every bound holds. */
export function print(rows: readonly Row[]): void {
  const cells = [
    ['what', 'ours', 'bound', 'ratio', 'limit', ''],
    ...rows.map(({ what, ours, bound, ratio, limit, holds }) => [
      what,
      ours,
      bound,
      ratio.toFixed(2),
      limit,
      holds ? 'ok' : 'MISSED',
    ]),
  ];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of cells)
    process.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
}
