import type { Deployment } from '../shapes.ts';
import { shareOf } from './share.ts';

/** How many pods more, and how many fewer, than asked for a rollout may have. Never both 0: it could not move. */
export function limitsOf(deployment: Deployment): { surge: number; unavailable: number } {
  const { strategy, replicas } = deployment.spec;
  if (strategy.type !== 'RollingUpdate') return { surge: 0, unavailable: 0 };
  const surge = shareOf(strategy.rollingUpdate?.maxSurge, replicas, 'up');
  const unavailable = shareOf(strategy.rollingUpdate?.maxUnavailable, replicas, 'down');
  return surge === 0 && unavailable === 0
    ? { surge, unavailable: 1 }
    : { surge, unavailable: Math.min(unavailable, replicas) };
}
