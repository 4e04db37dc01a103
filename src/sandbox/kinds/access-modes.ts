import type { Faults } from '../validation/faults.ts';

const SHORT: Record<string, string> = {
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOnce: 'RWO',
  ReadWriteOncePod: 'RWOP',
};

/** As kubectl abbreviates them. */
export function accessModes(modes: unknown): string {
  return Array.isArray(modes) ? modes.map((mode) => SHORT[String(mode)] ?? String(mode)).join(',') : '';
}

/** There has to be one at least, and each of those that there are. */
export function validateAccessModes(modes: unknown, faults: Faults, whenMissing: string): void {
  if (!Array.isArray(modes) || modes.length === 0) return faults.required('spec.accessModes', whenMissing);
  for (const mode of modes)
    if (!(String(mode) in SHORT)) faults.unsupported('spec.accessModes', mode, Object.keys(SHORT));
}
