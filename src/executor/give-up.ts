import { setTimeout as sleep } from 'node:timers/promises';
import type { NewEvent } from '../database/claim.ts';
import { handOver } from '../database/lease.ts';
import { DatabaseUnavailable } from '../database/unavailable.ts';
import type { Plan } from '../changes/plan.ts';
import type { Json } from '../json.ts';
import type { ExecutorContext } from './context.ts';
import { partlyDone } from './progress.ts';
import { type ChangeRecord, jsonOf, type ProgressRecord } from './record.ts';

const tries = 3;
const pauseMs = 250;

/**
 * Gives a run up because this replica stops, with all that is known of it: another replica takes it over at once, reads the
 * cluster and settles it. Where Postgres can't be told, the end of the lease says the same.
 */
export async function giveUp(
  { database, holder }: ExecutorContext,
  run: {
    id: string;
    fence: number;
    plan: Plan;
    records: ChangeRecord[];
    progress: ProgressRecord;
    result: Json;
    events: NewEvent[];
    waitingFor: string;
  },
): Promise<void> {
  const { id, fence, plan, records, progress, result, events, waitingFor } = run;
  const partly = partlyDone(records, { blocked: [], waitingFor });
  const message = `The replica ${holder} stops and hands it over (${partly}); the cluster is being read`;
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    try {
      await handOver(database, {
        id,
        fence,
        changes: jsonOf(records),
        plan: jsonOf(plan),
        progress: jsonOf(progress),
        result,
        settled: { handed_over_by: holder },
        events: [...events, { type: 'execution.unknown', message }],
      });
      return;
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error;
      await sleep(pauseMs);
    }
  }
}
