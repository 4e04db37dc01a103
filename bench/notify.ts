import { randomUUID } from 'node:crypto';
import { claim, type NewExecution } from '../src/database/claim.ts';
import { connectDatabase } from '../src/database/connect.ts';
import { finish } from '../src/database/finish.ts';
import type { httpClient } from './http-client.ts';
import { type Row, timed } from './measure.ts';

const rounds = 6;
const perRound = 800;
const inFlight = 10;

/** `notify_only` without a target calls no Kubernetes: against the two commits, claim and finish, that a run costs. */
export async function notifyRow(client: ReturnType<typeof httpClient>, databaseUrl: string): Promise<Row> {
  const database = connectDatabase({ url: databaseUrl, pool: inFlight, pooled: false });
  const ours = async () =>
    void (await client.execute('notify_only', { message: 'The disk of the build cache is nearly full' }));
  const bare = async () => {
    const id = randomUUID();
    const answer = await claim(database, {
      run: true,
      row: row(id),
      event: { type: 'execution.started', message: 'begun' },
      locks: [],
      slots: 100,
      leaseMs: 15_000,
      idempotencyMs: 86_400_000,
    });
    if (answer.outcome !== 'claimed') throw new Error(answer.outcome);
    const ended = await finish(database, id, answer.fence, {
      row: { status: 'completed', message: 'done', changed: false, changes: [], expectations: [] },
      events: [{ type: 'execution.completed', message: 'done' }],
    });
    if (!ended) throw new Error('not finished');
  };
  await timed({ times: 500, inFlight }, ours);
  await timed({ times: 500, inFlight }, bare);
  const seconds = { ours: 0, bare: 0 };
  for (let round = 0; round < rounds; round += 1) {
    seconds.ours += perRound / (await timed({ times: perRound, inFlight }, ours)).perSecond;
    seconds.bare += perRound / (await timed({ times: perRound, inFlight }, bare)).perSecond;
  }
  await database.close();
  const total = rounds * perRound;
  const ratio = seconds.bare / seconds.ours;
  return {
    what: 'notify_only without a target, 10 in flight, rate',
    ours: `${(total / seconds.ours).toFixed(0)}/s`,
    bound: `two SQL commits ${(total / seconds.bare).toFixed(0)}/s`,
    ratio,
    limit: '>= 0.50',
    holds: ratio >= 0.5,
  };
}

function row(id: string): NewExecution {
  return {
    id,
    idempotencyKey: null,
    requestHash: 'bench',
    action: 'notify_only',
    status: 'running',
    dryRun: false,
    cluster: 'bench',
    namespace: null,
    kind: null,
    name: null,
    target: null,
    parameters: { message: 'The disk of the build cache is nearly full' },
    alert: null,
    metadata: null,
    workflowId: null,
    correlationId: null,
    requestedBy: null,
    reason: null,
    priority: 5,
    plan: { changes: [], expectations: [] },
    changes: [],
    expectations: [],
    verdicts: [],
    risk: { level: 'low', reasons: [] },
    impact: null,
    progress: null,
    warnings: [],
    result: null,
    message: 'Running',
    changed: false,
    rollbackOf: null,
    resumeOf: null,
    traceId: null,
    timeoutMs: 120_000,
    holder: 'bench',
  };
}
