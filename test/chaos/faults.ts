import { type Chance, seeded } from './seeded.ts';

/** What the proxy before the API server does to a share of a replica's calls. */
export const apiFaults = [
  'api_429',
  'api_500',
  'api_503',
  'api_hang',
  'api_delay',
  'api_drop_before',
  'api_drop_after',
  'api_hang_after',
  'api_500_after',
  'api_cut',
] as const;
const replicaFaults = ['kill', 'freeze', 'terminate', 'database_cut', 'database_stall'] as const;
const databaseFaults = ['postgres_restart', 'postgres_kill', 'postgres_away', 'postgres_freeze'] as const;

export type ApiFault = (typeof apiFaults)[number];
export type FaultKind = ApiFault | (typeof replicaFaults)[number] | (typeof databaseFaults)[number];
export const faultKinds: readonly FaultKind[] = [...replicaFaults, ...databaseFaults, ...apiFaults];

export interface Fault {
  kind: FaultKind;
  atMs: number;
  /** So long it lasts. A process that was ended comes back after that. */
  forMs: number;
  /** Which one it befalls; absent where it is the database, and so all. */
  replica?: number;
  /** Of an API fault: how many of the calls, and whether reads are spared. */
  share?: number;
  writesOnly?: boolean;
}

export interface FaultPlan {
  seed: number;
  lengthMs: number;
  replicas: number;
  leaseMs: number;
  /** Those that are inflicted; all, if it is not given. */
  kinds?: readonly FaultKind[];
}

/** For aiming, and for a process to be there again on a busy machine. */
const comingBackMs = 6_500;
/** Between two outages of Postgres: what is to be written has a chance to be. */
const betweenOutagesMs = 7_000;

/**
 * When what goes wrong: each kind in turn, in an order that the seed gives. Two replicas may be gone at a time, the last
 * one never.
 */
export function planFaults({ seed, lengthMs, replicas, leaseMs, kinds = faultKinds }: FaultPlan): Fault[] {
  const chance = seeded(seed ^ 0x5f_a0_17);
  const faults: Fault[] = [];
  const goneUntilMs = Array.from({ length: replicas }, () => 0);
  let databaseBackAtMs = 0;
  let turn: FaultKind[] = [];
  const everyMs = Math.min(2_600, (lengthMs - 3_000) / (kinds.length + 1));
  for (let atMs = 2_000; atMs < lengthMs - 1_000; atMs += everyMs * (0.6 + chance.next() * 0.8)) {
    if (turn.length === 0) turn = chance.shuffled(kinds);
    // What can't be now is put off.
    const index = turn.findIndex(
      (kind) =>
        (isOfDatabase(kind) ? atMs >= databaseBackAtMs + betweenOutagesMs || databaseBackAtMs === 0 : true) &&
        (takesAway(kind) ? goneUntilMs.filter((until) => until > atMs).length < replicas - 1 : true),
    );
    const [kind] = turn.splice(Math.max(index, 0), index < 0 ? 0 : 1);
    const present = goneUntilMs.flatMap((until, replica) => (until <= atMs ? [replica] : []));
    if (kind === undefined || present.length === 0) continue;
    const forMs = Math.round(lengthOf(kind, { chance, leaseMs }));
    const fault: Fault = { kind, atMs: Math.round(atMs), forMs };
    if (isOfDatabase(kind)) {
      databaseBackAtMs = atMs + forMs;
    } else {
      fault.replica = chance.pick(present);
      if (takesAway(kind)) goneUntilMs[fault.replica] = atMs + forMs + comingBackMs;
      if (isOfApi(kind)) Object.assign(fault, { share: chance.pick([0.3, 0.6, 1]), writesOnly: chance.often(0.5) });
    }
    faults.push(fault);
  }
  return faults;
}

export function isOfApi(kind: FaultKind): kind is ApiFault {
  return kind.startsWith('api_');
}

function isOfDatabase(kind: FaultKind): boolean {
  return kind.startsWith('postgres_');
}

/** Whether the replica answers nobody meanwhile. */
function takesAway(kind: FaultKind): boolean {
  return kind === 'kill' || kind === 'freeze' || kind === 'terminate';
}

function lengthOf(kind: FaultKind, { chance, leaseMs }: { chance: Chance; leaseMs: number }): number {
  // Just short of the lease, or well beyond it.
  if (kind === 'freeze' || kind === 'database_cut' || kind === 'database_stall')
    return chance.often(0.3) ? leaseMs * 0.8 : leaseMs + chance.between(200, 3_000);
  if (kind === 'kill' || kind === 'terminate') return chance.between(300, leaseMs + 1_500);
  if (kind === 'postgres_restart' || kind === 'postgres_kill') return chance.between(0, 300);
  if (isOfDatabase(kind)) return chance.between(500, leaseMs + 1_500);
  return chance.between(2_000, 5_000);
}
