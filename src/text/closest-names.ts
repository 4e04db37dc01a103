/** The names that were probably meant, the nearest first: at most a third of the letters of each differ. */
export function closestNames(given: string, names: readonly string[], limit: number): string[] {
  return names
    .map((name) => ({ name, distance: editDistance(given.toLowerCase().slice(0, 100), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(2, Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, limit)
    .map(({ name }) => name);
}

/** The nearest of them, undefined when none is near. */
export function closestName(given: string, names: readonly string[]): string | undefined {
  return closestNames(given, names, 1)[0];
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
