/** Chance that comes out the same for the same seed. */
export interface Chance {
  /** From 0 up to, and without, 1. */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** True that often. */
  often(share: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** By weight: `{scale: 3, restart: 1}` gives `scale` three times out of four. */
  weighed<K extends string>(weights: Readonly<Record<K, number>>): K;
  shuffled<T>(items: readonly T[]): T[];
}

/** The generator mulberry32: small, and even enough to choose by. */
export function seeded(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  const pick = <T>(items: readonly T[]): T => {
    const item = items[between(0, items.length - 1)];
    if (item === undefined) throw new Error('There is nothing to pick from');
    return item;
  };
  return {
    next,
    between,
    often: (share) => next() < share,
    pick,
    weighed<K extends string>(weights: Readonly<Record<K, number>>) {
      const names = Object.keys(weights) as K[];
      let left = next() * names.reduce((sum, name) => sum + weights[name], 0);
      return names.find((name) => (left -= weights[name]) < 0) ?? pick(names);
    },
    shuffled(items) {
      const rest = [...items];
      const order = [];
      while (rest.length > 0) order.push(...rest.splice(between(0, rest.length - 1), 1));
      return order;
    },
  };
}
