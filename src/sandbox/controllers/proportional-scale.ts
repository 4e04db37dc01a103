/**
 * Shares what a rescaled rollout may have among the ReplicaSets that have pods, each by the part that it had of the
 * former maximum. The sizes come in the order given; what rounding leaves goes to the largest.
 */
export function proportions(sets: { replicas: number; before: number }[], allowed: number): number[] {
  const now = sets.reduce((sum, set) => sum + set.replicas, 0);
  const change = allowed - now;
  if (change === 0) return sets.map((set) => set.replicas);
  const order = sets.map((_, index) => index).sort((a, b) => (sets[b]?.replicas ?? 0) - (sets[a]?.replicas ?? 0));
  const sizes = sets.map((set) => set.replicas);
  let left = change;
  for (const index of order) {
    const set = sets[index];
    if (!set || left === 0) continue;
    const wanted = Math.round((set.replicas * allowed) / (set.before || now)) - set.replicas;
    const part = change > 0 ? Math.min(Math.max(wanted, 0), left) : Math.max(Math.min(wanted, 0), left);
    sizes[index] = set.replicas + part;
    left -= part;
  }
  const [largest = 0] = order;
  sizes[largest] = Math.max(0, (sizes[largest] ?? 0) + left);
  return sizes;
}
