import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres, { type Sql } from 'postgres';
import { createAim } from './aim.ts';
import { createCallers, type Told } from './caller.ts';
import { type Evidence, type Finding, gatherEvidence } from './evidence.ts';
import { type Fault, type FaultKind, faultKinds, planFaults } from './faults.ts';
import { inflict } from './inflict.ts';
import { allFree } from './invariants/all-free.ts';
import { clusterAsRecorded } from './invariants/cluster-as-recorded.ts';
import { noMutationTwice } from './invariants/no-mutation-twice.ts';
import { noneLost } from './invariants/none-lost.ts';
import { oneHolder } from './invariants/one-holder.ts';
import { serviceWell } from './invariants/service-well.ts';
import { terminalStays } from './invariants/terminal-stays.ts';
import { mutationsFrom } from './mutations.ts';
import { onceWritten } from './once-written.ts';
import { planRequests } from './requests.ts';
import { seeded } from './seeded.ts';
import { setStage } from './stage.ts';
import { createTidyUp } from './tidy-up.ts';

export interface ChaosOptions {
  seed: number;
  lengthMs: number;
  perSecond?: number;
  kinds?: readonly FaultKind[] | undefined;
  say?: (line: string) => void;
}

export interface ChaosResult {
  seed: number;
  faults: Fault[];
  told: Told[];
  evidence: Evidence;
  findings: Finding[];
  /** From when everything was whole again until nothing was under way. */
  settledAfterMs: number;
  memoryMb: { first: number; last: number; most: number };
  stopsMs: number[];
  starts: number;
  apiFaults: Record<string, number>;
  /** Where the replicas' logs are, where something broke. */
  folder: string | undefined;
}

const leaseMs = 3_000;
/** The longest timeout of a request, twice the lease, and what a busy machine needs. */
const settleMs = 60_000;

/** One run of the suite: three replicas, the workload and the faults that the seed gives, and what came of it. */
export async function runChaos({
  seed,
  lengthMs,
  perSecond = 4,
  kinds = faultKinds,
  say = () => undefined,
}: ChaosOptions): Promise<ChaosResult> {
  const folder = await mkdtemp(join(tmpdir(), 'executor-chaos-'));
  // PostgreSQL runs as another user, where this is root.
  await chmod(folder, 0o755);
  const tidyUp = createTidyUp(say);
  let keeps = true;
  try {
    const stage = await setStage(folder, { seed, leaseMs, tidyUp });
    const { under, cluster, database, ground, links, proxies, replicas, logs } = stage;
    const { size: auditFrom } = await stat(under.auditLog);

    const faults = planFaults({ seed, lengthMs, replicas: replicas.length, leaseMs, kinds });
    const { deployments, nodes } = ground;
    const requests = planRequests({ seed, lengthMs, perSecond, replicas: replicas.length, deployments, nodes });
    say(
      `Seed ${seed}: ${requests.length} requests and ${faults.length} faults in ${lengthMs / 1000} s, on ${under.upstream.server}`,
    );
    const looking = postgres(database.url(), { max: 2, onnotice: () => undefined, connect_timeout: 1 });
    tidyUp.add(() => looking.end({ timeout: 1 }));
    const aim = createAim(looking);
    const callers = createCallers({ replicas, ground, chance: seeded(seed + 1), run: ground.namespace });
    const memory: number[] = [];
    const measuring = setInterval(() => {
      for (const replica of replicas) void replica.memoryMb().then((mb) => mb !== undefined && memory.push(mb));
    }, 2_000);
    const began = performance.now();
    const at = (ms: number) => sleep(Math.max(0, ms - (performance.now() - began)));
    const inflicted = faults.map(async (fault) => {
      await at(fault.atMs);
      say(
        `${(fault.atMs / 1000).toFixed(1)} s: ${fault.kind}${fault.replica === undefined ? '' : ` of replica ${fault.replica}`} for ${fault.forMs} ms`,
      );
      await inflict(fault, { replicas, proxies, links, postgres: database, aim });
    });
    const sent = Promise.all(
      requests.map(async (request) => {
        await at(request.atMs);
        await callers.send(request);
      }),
    );
    await Promise.all(inflicted);
    await at(lengthMs);
    const whole = performance.now();
    say('Everything is whole again');

    const sql = postgres(database.url(), { max: 2, onnotice: () => undefined });
    tidyUp.add(() => sql.end());
    await untilQuiet(sql);
    // A request that still hangs somewhere has perhaps no row yet.
    await Promise.race([sent, sleep(settleMs, undefined, { ref: false })]);
    await untilQuiet(sql);
    const settledAfterMs = performance.now() - whole;
    callers.giveUp();
    await sent;
    clearInterval(measuring);
    await onceWritten(cluster, under.auditLog);

    const calls = new Map(proxies.flatMap((proxy) => proxy.calls.map((call) => [call.auditId, call] as const)));
    const evidence = await gatherEvidence(sql, {
      told: callers.told,
      mutations: await mutationsFrom(under.auditLog, auditFrom, calls),
    });
    const objects = await Promise.all(
      [
        ...Array.from({ length: deployments }, (_, index) => ground.deployment(index)),
        ...Array.from({ length: nodes }, (_, index) => ground.node(index)),
      ].map(async (reference) => ({ reference, object: await cluster.get(reference) })),
    );
    const findings = [
      ...noMutationTwice(evidence),
      oneHolder(evidence),
      ...noneLost(evidence),
      terminalStays(evidence),
      ...allFree(evidence),
      clusterAsRecorded(evidence, objects),
      ...serviceWell(callers.told, replicas, memory),
    ];
    const apiFaults: Record<string, number> = {};
    for (const { fault } of calls.values()) if (fault) apiFaults[fault] = (apiFaults[fault] ?? 0) + 1;
    keeps = findings.some(({ broken }) => broken.length > 0) || process.env['CHAOS_KEEP'] !== undefined;
    return {
      seed,
      faults,
      told: callers.told,
      evidence,
      findings,
      settledAfterMs,
      memoryMb: { first: memory[0] ?? 0, last: memory.at(-1) ?? 0, most: Math.max(0, ...memory) },
      stopsMs: replicas.flatMap((replica) => replica.stopsMs),
      starts: replicas.reduce((sum, replica) => sum + replica.starts(), 0),
      apiFaults,
      folder: keeps ? logs : undefined,
    };
  } finally {
    await tidyUp.close();
    await rm(keeps ? join(folder, 'postgres') : folder, { recursive: true, force: true });
  }
}

/** Until nothing is under way, nor due in the queue; or until for too long nothing has ended, which is then found. */
async function untilQuiet(sql: Sql): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  for (let end = performance.now() + settleMs; performance.now() < end; await sleep(200)) {
    const [row] = await sql<{ open: number }[]>`
      select count(*)::int as open from execution where status in ('running', 'unknown')
        or (status = 'queued' and (not_before is null or not_before <= clock_timestamp() + interval '15 seconds'))`;
    const open = row?.open ?? least;
    if (open === 0) return;
    if (open < least) end = performance.now() + settleMs;
    least = Math.min(least, open);
  }
}
