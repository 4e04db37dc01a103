import { setTimeout as sleep } from 'node:timers/promises';
import type { Aim } from './aim.ts';
import type { ApiProxy } from './api-proxy.ts';
import type { ChaosPostgres } from './chaos-postgres.ts';
import { type Fault, isOfApi } from './faults.ts';
import type { ReplicaPlace } from './replica.ts';
import type { TcpLink } from './tcp-link.ts';

/** What there is to be disturbed. Each replica has its own way to the API server and to Postgres. */
export interface Disturbed {
  replicas: readonly ReplicaPlace[];
  proxies: readonly ApiProxy[];
  links: readonly TcpLink[];
  postgres: ChaosPostgres;
  aim: Aim;
}

/** Brings the fault about, lets it last, and takes it back. Comes back once all is as it was. */
export async function inflict(fault: Fault, disturbed: Disturbed): Promise<void> {
  const { kind, forMs, replica: index = 0, share = 1, writesOnly = false } = fault;
  const { postgres, aim } = disturbed;
  const { replica, proxy, link } = partsOf(disturbed, index);
  if (isOfApi(kind)) {
    proxy.weather(kind, { share, writesOnly });
    await sleep(forMs);
    proxy.weather(undefined);
    return;
  }
  switch (kind) {
    case 'kill':
      await untilSpared(disturbed, replica);
      await aim(replica);
      await replica.kill();
      await sleep(forMs);
      return await replica.start();
    case 'terminate':
      await untilSpared(disturbed, replica);
      await aim(replica);
      await replica.terminate();
      await sleep(forMs);
      return await replica.start();
    case 'freeze':
      await untilSpared(disturbed, replica);
      await aim(replica);
      replica.freeze();
      await sleep(forMs);
      return replica.thaw();
    case 'database_cut':
    case 'database_stall':
      if (kind === 'database_cut') link.cut();
      else link.stall();
      await sleep(forMs);
      return link.heal();
    case 'postgres_freeze':
      await postgres.freeze();
      await sleep(forMs);
      return await postgres.thaw();
    case 'postgres_restart':
    case 'postgres_away':
    case 'postgres_kill':
      await postgres.stop(kind === 'postgres_kill' ? 'killed' : 'immediate');
      await sleep(forMs);
      return await postgres.start();
  }
}

/** The last replica is never taken away: on a busy machine another one may take its time to come back. */
async function untilSpared({ replicas }: Disturbed, replica: ReplicaPlace): Promise<void> {
  const end = performance.now() + comesBackWithinMs;
  while (performance.now() < end && !replicas.some((other) => other !== replica && other.isPresent())) await sleep(100);
}

const comesBackWithinMs = 60_000;

function partsOf({ replicas, proxies, links }: Disturbed, index: number) {
  const [replica, proxy, link] = [replicas[index], proxies[index], links[index]];
  if (!replica || !proxy || !link) throw new Error(`There is no replica ${index}`);
  return { replica, proxy, link };
}
