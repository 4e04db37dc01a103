/** Keeps a label's values few: what is not known, or comes after the cap is reached, is `other`. */
export type LabelBound = (label: string, value: string) => string;

const other = 'other';

/**
 * @param options.known labels with all of their values.
 * @param options.cap how many different values any other label may have: names of namespaces and kinds come from requests, and
 * every new one would be a time series kept until the process ends.
 */
export function createLabelBound(options: {
  known?: Readonly<Record<string, ReadonlySet<string>>>;
  cap?: number;
}): LabelBound {
  const { known = {}, cap = 100 } = options;
  const seen = new Map<string, Set<string>>();
  return (label, value) => {
    const all = known[label];
    if (all) return all.has(value) ? value : other;
    const values = seen.get(label) ?? new Set();
    seen.set(label, values);
    if (values.has(value)) return value;
    if (values.size >= cap || value.length > 100) return other;
    values.add(value);
    return value;
  };
}
