import { conditionOf, holdsCondition } from '../kubernetes/conditions.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import { numberAt, textAt, valueAt } from '../kubernetes/value-at.ts';
import type { ExpectationKind } from './expectation.ts';
import { found, queryOf, watchPermissions } from './object-query.ts';

/** The Job has ended well. One that fails never will. */
export interface JobComplete {
  kind: 'job_complete';
  target: ObjectReference;
}

export function jobComplete(target: ObjectReference): JobComplete {
  return { kind: 'job_complete', target };
}

export const jobCompleteKind: ExpectationKind<JobComplete> = {
  describe: ({ target }) => `${describeReference(target)} is complete`,
  permissions: ({ target }) => watchPermissions(target),
  query: ({ target }) => queryOf(target),
  judge({ target }, objects) {
    const job = found(target, objects);
    if (!job) return { state: 'failed', detail: `${describeReference(target)} is gone` };
    if (holdsCondition(job, 'Complete')) return { state: 'holds' };
    if (holdsCondition(job, 'Failed'))
      return { state: 'failed', detail: `${describeReference(target)} failed: ${why(job)}` };
    return { state: 'waiting', detail: `${describeReference(target)} runs still (${counts(job)})` };
  },
};

function why(job: KubernetesObject): string {
  const failed = conditionOf(job, 'Failed');
  const reason = textAt(failed, ['reason']) ?? 'Failed';
  const message = textAt(failed, ['message']);
  return message ? `${reason}: ${message}` : reason;
}

function counts(job: KubernetesObject): string {
  if (valueAt(job, ['spec', 'suspend']) === true) return 'it is suspended';
  const [active, succeeded, failed] = ['active', 'succeeded', 'failed'].map((key) => numberAt(job, ['status', key]));
  return `${active} active, ${succeeded} succeeded, ${failed} failed`;
}
