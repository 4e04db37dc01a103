import type { Condition, Job } from '../shapes.ts';

/** How a Job ends, and why. */
export interface Verdict {
  type: 'Complete' | 'Failed';
  reason: string;
  message: string;
}

const complete: Verdict = {
  type: 'Complete',
  reason: 'CompletionsReached',
  message: 'Reached expected number of succeeded pods',
};

export function isFinished(job: Job): boolean {
  return job.status.conditions?.some(({ type, status }) => isLast(type) && status === 'True') ?? false;
}

/** Whether the Job is decided: enough succeeded, too many failed, or its time is over. */
export function verdictOf(
  job: Job,
  counted: { succeeded: number; failed: number },
  startTime: string | undefined,
  now: Date,
): Verdict | undefined {
  const { completions, backoffLimit, activeDeadlineSeconds } = job.spec;
  const before = job.status.conditions?.find(({ type, status }) => type === 'FailureTarget' && status === 'True');
  if (before) return { type: 'Failed', reason: before.reason ?? '', message: before.message ?? '' };
  if (counted.failed > backoffLimit)
    return {
      type: 'Failed',
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    };
  const over =
    activeDeadlineSeconds !== undefined &&
    startTime !== undefined &&
    now.getTime() - Date.parse(startTime) >= activeDeadlineSeconds * 1000;
  if (over && !job.spec.suspend)
    return {
      type: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Job was active longer than specified deadline',
    };
  return counted.succeeded >= (completions ?? 1) && completions !== 0 ? complete : undefined;
}

/** The conditions after the verdict: its forerunner at once, itself when no pod is on its way out any more. */
export function withVerdict(
  job: Job,
  verdict: Verdict | undefined,
  terminating: number,
  now: string,
): { conditions: Condition[]; completionTime?: string } {
  let conditions = job.status.conditions ?? [];
  const set = (type: string, status: 'True' | 'False', reason: string, message: string): void => {
    if (conditions.find((condition) => condition.type === type)?.status === status) return;
    const next = { type, status, lastProbeTime: now, lastTransitionTime: now, reason, message };
    conditions = [...conditions.filter((condition) => condition.type !== type), next];
  };
  if (verdict) {
    const { type, reason, message } = verdict;
    set(type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget', 'True', reason, message);
    if (terminating === 0) set(type, 'True', reason, message);
    return { conditions, ...(type === 'Complete' && terminating === 0 ? { completionTime: now } : {}) };
  }
  const suspended = conditions.some(({ type, status }) => type === 'Suspended' && status === 'True');
  if (job.spec.suspend && !suspended) set('Suspended', 'True', 'JobSuspended', 'Job suspended');
  if (!job.spec.suspend && suspended) set('Suspended', 'False', 'JobResumed', 'Job resumed');
  return { conditions };
}

function isLast(type: string): boolean {
  return type === 'Complete' || type === 'Failed';
}
