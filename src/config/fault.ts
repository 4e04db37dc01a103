/** One thing wrong with the configuration. */
export type Fault = {
  /** File and line, or the environment variable. */
  where: string;
  /** What is wrong, naming the key. Never holds a secret's value. */
  problem: string;
  /** What would be right. */
  allowed?: string;
};

/** Thrown when the configuration has faults; the message is the whole report. */
export class ConfigFaults extends Error {
  /** By file and line, then by variable. */
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    const sorted = faults.toSorted((a, b) => a.where.localeCompare(b.where, 'en', { numeric: true }));
    super(report(sorted));
    this.name = 'ConfigFaults';
    this.faults = sorted;
  }
}

function report(faults: readonly Fault[]): string {
  const lines = faults.map(
    ({ where, problem, allowed }) => `  ${where}: ${problem}${allowed === undefined ? '' : `; allowed: ${allowed}`}`,
  );
  return [`The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:`, ...lines].join('\n');
}
