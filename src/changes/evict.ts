import { describeReference } from '../kubernetes/describe-reference.ts';
import { isKubernetesError, KubernetesError } from '../kubernetes/errors.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import type { ChangeKind, SendContext } from './change.ts';
import { isLeaving } from './delete.ts';

/**
 * Asks the API server to evict that very pod, so that disruption budgets are kept. A budget without headroom answers
 * 429, which the executor waits out; several budgets on one pod answer 500, which no time mends.
 */
export interface EvictChange {
  kind: 'evict';
  target: ObjectReference;
  gracePeriodSeconds?: number;
  /** The disruption budget that selects the pod, as far as the plan knows: pods of one budget ask one after another. */
  budget?: string;
}

export const evictKind: ChangeKind<EvictChange> = {
  describe: (change) => `Evict ${describeReference(change.target)}`,

  permissions: () => [{ apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] }],

  async send(change, context) {
    const { target, gracePeriodSeconds } = change;
    const { cluster, dryRun, signal, timeoutMs } = context;
    try {
      await cluster.evict(target, {
        dryRun,
        signal,
        timeoutMs,
        ...(target.uid ? { uid: target.uid } : {}),
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      });
    } catch (error) {
      if (await isDoneAlready(change, error, context)) return {};
      throw severalBudgets(change, error) ?? contended(error) ?? error;
    }
    return {};
  },

  heldBackBy({ target, budget }, error) {
    const cause = error?.causes.find(({ reason }) => reason === 'DisruptionBudget');
    if (error && !cause) return undefined;
    const name = /disruption ?budgets?(?:\.policy)? "?([^\s"]+)/i.exec(cause?.message ?? '')?.[1] ?? budget;
    return name === undefined ? undefined : `budget ${target.namespace ?? ''}/${name}`;
  },

  isDone: (change, context) => isLeaving(change.target, context),

  values: () => ({}),

  // The pod's controller has made another one by then.
  undo: () => 'not_needed',

  target: (change) => change.target,

  isNoOp: () => false,
};

/** Gone, or made again under its name: 404, or 409 where the pod that stands there now has another UID. */
async function isDoneAlready({ target }: EvictChange, error: unknown, context: SendContext): Promise<boolean> {
  if (isKubernetesError(error, 'notFound')) return true;
  return isKubernetesError(error, 'conflict') && (await isLeaving(target, context)) === 'done';
}

function severalBudgets({ target }: EvictChange, error: unknown): KubernetesError | undefined {
  if (!isKubernetesError(error, 'serverError') || !/more than one PodDisruptionBudget/i.test(error.message)) return;
  return new KubernetesError(
    'invalid',
    `${describeReference(target)} can't be evicted: more than one PodDisruptionBudget of namespace ${target.namespace ?? ''} selects it, and no time mends that; narrow their selectors`,
    { ...(error.status ? { status: error.status } : {}), cause: error },
  );
}

/** So many write to the budget at once that the eviction did not get its turn, and did nothing: a reason to wait. */
function contended(error: unknown): KubernetesError | undefined {
  if (!isKubernetesError(error) || !/poddisruptionbudget/i.test(error.message)) return undefined;
  if (error.reason !== 'conflict' && !/due to conflicts/.test(error.message)) return undefined;
  return new KubernetesError('tooManyRequests', error.message, {
    ...(error.status ? { status: error.status } : {}),
    causes: [{ reason: 'DisruptionBudget', message: error.message }],
    cause: error,
  });
}
