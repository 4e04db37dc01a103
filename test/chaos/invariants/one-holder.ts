import type { Broken, Evidence, Finding } from '../evidence.ts';

/** Of what holds one object no two are ever under way at the same time, by the rows' own times and by the locks'. */
export function oneHolder({ locks, runs }: Evidence): Finding {
  const broken: Broken[] = [];
  const holder = new Map<string, string>();
  const held = new Map<string, Set<string>>();
  for (const { key, id, held: taken } of locks) {
    const before = holder.get(key);
    if (taken && before !== undefined)
      broken.push({ what: `${id} took ${key}, which ${before} held`, ids: [id, before] });
    if (!taken && before !== id)
      broken.push({ what: `${id} let ${key} go, which ${before ?? 'nobody'} held`, ids: [id] });
    if (taken) holder.set(key, id);
    else holder.delete(key);
    held.set(key, (held.get(key) ?? new Set()).add(id));
  }
  let checked = 0;
  for (const [key, ids] of held) {
    const times = runs.filter(({ id }) => ids.has(id)).toSorted((a, b) => a.beganAt - b.beganAt);
    for (const [index, run] of times.entries()) {
      const next = times[index + 1];
      checked += 1;
      if (next && (run.endedAt ?? Number.POSITIVE_INFINITY) > next.beganAt)
        broken.push({ what: `${run.id} and ${next.id} were under way together on ${key}`, ids: [run.id, next.id] });
    }
  }
  return { invariant: 'no two holders of a target at once', checked, broken };
}
