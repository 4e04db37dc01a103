import { Refusal } from '../actions/refusal.ts';
import { findAction } from '../actions/registry.ts';
import { heldBefore, withdrawClaim } from '../database/claim.ts';
import { requeue } from '../database/queue.ts';
import { readerOf } from '../kubernetes/reader.ts';
import type { ExecutorContext } from './context.ts';
import { refusalOf } from './failure.ts';
import { objectKey } from './held-objects.ts';
import { judgePlan } from './judge-plan.ts';
import type { Prepared } from './prepare.ts';

const requeueAfterMs = 2_000;

/**
 * Asks the rules once more where a claim has found that another execution holds what their answer relied on, or has
 * changed it since. What those admitted before hold does not count as staying as it is, so that of two cordons of the
 * last two nodes only the first passes. Throws the refusal, with the claim given back and nothing written.
 */
export async function lookAgainUnderClaim(
  context: ExecutorContext,
  about: {
    id: string;
    fence: number;
    prepared: Prepared;
    /** Throws where a person has to agree. */
    agree: (again: Prepared) => Prepared;
    resumeOf: string | null;
    requestedBy: string | null;
    queued: boolean;
    signal: AbortSignal;
  },
): Promise<void> {
  const { database, cluster, now, settings } = context;
  const { id, fence, prepared, agree, resumeOf, requestedBy, queued, signal } = about;
  const { plan, target, parameters, action, judgedAs } = prepared;
  try {
    const held = new Set(await heldBefore(database, { fence }));
    const judged = await judgePlan(context, {
      // Read anew: what the plan has read is what is in doubt.
      reader: readerOf(cluster, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(Math.floor(settings.actions.leaseMs / 2))]),
      }),
      action: findAction(judgedAs) ?? { name: judgedAs },
      execution: { id, action, resumeOf: resumeOf ?? undefined },
      caller: requestedBy ?? undefined,
      dryRun: false,
      plan,
      target,
      parameters,
      isHeld: (object) => held.has(objectKey(cluster.name, object)),
    });
    agree({ ...prepared, ...judged });
  } catch (error) {
    const refusal = refusalOf(error, now());
    const message = refusal instanceof Refusal ? refusal.message : 'The rules could not be asked again';
    if (queued) await requeue(database, { id, fence }, { afterMs: requeueAfterMs, message });
    else await withdrawClaim(database, { id, fence });
    throw refusal;
  }
}
