import { storageOf } from '../kinds/kind.ts';
import { jobs } from '../kinds/job.ts';
import { pods } from '../kinds/pod.ts';
import { as } from '../resource.ts';
import type { Job, Pod } from '../shapes.ts';
import type { Change } from '../store/store.ts';
import { createObject } from '../write/create-object.ts';
import { deleteObject } from '../write/delete-object.ts';
import { type ControllerFactory, keyOf, splitKey } from './controller.ts';
import { type Verdict, isFinished, verdictOf, withVerdict } from './job-verdict.ts';
import { POD_STORAGE, claimPods, isActive, isReady, orNothing, ownerKeys, podFrom, writeStatus } from './pods.ts';

const STORAGE = storageOf(jobs);
const COMPONENT = 'job-controller';
const OURS = 'kubernetes.io/job-controller';
/** Between a failed pod and the next, doubled each time. The API server's own begins with ten seconds. */
const BACKOFF_MS = 1_000;
const BACKOFF_LIMIT_MS = 60_000;

/** Runs a Job's pods until enough have succeeded or too many failed, and takes finished Jobs away when their time is over. */
export const jobController: ControllerFactory = ({ store, events, later }) => {
  /** How each pod ended, by Job and pod: pods may be gone before the Job is done, and count all the same. */
  const ends = new Map<string, Map<string, 'Succeeded' | 'Failed'>>();
  /** When a Job's next pod may come after a failure. */
  const pauses = new Map<string, { failed: number; until: number }>();
  return { name: COMPONENT, keys, reconcile };

  function keys(change: Change): string[] {
    if (change.storage === STORAGE && change.type === 'DELETED') {
      ends.delete(change.object.metadata.uid ?? '');
      pauses.delete(change.object.metadata.uid ?? '');
      return [];
    }
    if (change.storage === STORAGE) return [keyOf(change.object)];
    return change.storage === POD_STORAGE ? ownerKeys(change.object, jobs) : [];
  }

  function reconcile(key: string): void {
    const { namespace, name } = splitKey(key);
    const found = store.get(STORAGE, namespace, name);
    if (!found || found.metadata.deletionTimestamp) return;
    const job = as<Job>(found);
    // Another controller has said that this Job is its own.
    if ((job.spec.managedBy ?? OURS) !== OURS) return;
    if (isFinished(job)) return expire(job, key);
    const { spec } = job;
    const all = claimPods(store, job, spec.selector);
    const counted = count(job, all);
    const startTime = job.status.startTime ?? (spec.suspend ? undefined : store.timestamp());
    const verdict = verdictOf(job, counted, startTime, store.now());
    if (verdict || spec.suspend) stop(job, all.filter(isActive));
    else {
      const left = spec.completions === undefined ? spec.parallelism : spec.completions - counted.succeeded;
      // A queue of work that one pod has finished takes no new ones.
      const wanted = spec.completions === undefined && counted.succeeded > 0 ? 0 : Math.min(spec.parallelism, left);
      correct(job, all.filter(isActive), wanted, counted.failed, key);
      waitForDeadline(job, startTime, key);
    }
    report(job, counted, verdict, spec.suspend ? undefined : startTime);
  }

  function count(job: Job, all: Pod[]): { succeeded: number; failed: number } {
    const known = ends.get(job.metadata.uid ?? '') ?? new Map<string, 'Succeeded' | 'Failed'>();
    ends.set(job.metadata.uid ?? '', known);
    for (const { metadata, status } of all)
      if (status.phase === 'Succeeded' || status.phase === 'Failed') known.set(metadata.uid ?? '', status.phase);
    const values = [...known.values()];
    const failed = values.filter((end) => end === 'Failed').length;
    return { succeeded: values.length - failed, failed };
  }

  function correct(job: Job, active: Pod[], wanted: number, failed: number, key: string): void {
    if (active.length > wanted) return stop(job, active.slice(wanted));
    if (active.length < wanted && isPaused(job, failed, key)) return;
    for (let made = active.length; made < wanted; made += 1) {
      const pod = createObject(store, pods, podFrom(job.spec.template, job, { generateName: `${job.metadata.name}-` }));
      tell(job, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
    }
  }

  function isPaused(job: Job, failed: number, key: string): boolean {
    const uid = job.metadata.uid ?? '';
    const now = store.now().getTime();
    const before = pauses.get(uid);
    const length = failed === 0 ? 0 : Math.min(BACKOFF_MS * 2 ** (failed - 1), BACKOFF_LIMIT_MS);
    const pause = before?.failed === failed ? before : { failed, until: now + length };
    pauses.set(uid, pause);
    if (pause.until > now) later(key, pause.until - now);
    return pause.until > now;
  }

  function stop(job: Job, active: Pod[]): void {
    for (const { metadata } of active) {
      deleteObject(store, pods, { namespace: metadata.namespace, name: metadata.name });
      tell(job, 'Normal', 'SuccessfulDelete', `Deleted pod: ${metadata.name}`);
    }
  }

  function waitForDeadline(job: Job, startTime: string | undefined, key: string): void {
    const seconds = job.spec.activeDeadlineSeconds;
    if (seconds !== undefined && startTime !== undefined)
      later(key, Math.max(10, Date.parse(startTime) + seconds * 1000 - store.now().getTime()));
  }

  function report(
    job: Job,
    counted: { succeeded: number; failed: number },
    verdict: Verdict | undefined,
    startTime: string | undefined,
  ): void {
    const all = claimPods(store, job, job.spec.selector);
    const active = all.filter(isActive);
    const terminating = all.filter((pod) => pod.metadata.deletionTimestamp && !isEnded(pod)).length;
    const { conditions, completionTime } = withVerdict(job, verdict, terminating, store.timestamp());
    writeStatus(store, jobs, job, {
      conditions: conditions.length > 0 ? conditions : undefined,
      startTime,
      completionTime,
      active: orNothing(active.length),
      succeeded: orNothing(counted.succeeded),
      failed: orNothing(counted.failed),
      ready: active.filter(isReady).length,
      terminating,
      uncountedTerminatedPods: {},
    });
    if (!verdict || terminating > 0) return;
    if (verdict.type === 'Complete') tell(job, 'Normal', 'Completed', 'Job completed');
    else tell(job, 'Warning', verdict.reason, verdict.message);
  }

  function expire(job: Job, key: string): void {
    const seconds = job.spec.ttlSecondsAfterFinished;
    const done = job.status.conditions?.find(({ type }) => type === 'Complete' || type === 'Failed');
    if (seconds === undefined || !done?.lastTransitionTime) return;
    const left = Date.parse(done.lastTransitionTime) + seconds * 1000 - store.now().getTime();
    if (left > 0) return later(key, left);
    const { namespace, name, uid = '' } = job.metadata;
    const options = { propagationPolicy: 'Foreground', preconditions: { uid } };
    deleteObject(store, jobs, { namespace: namespace ?? '', name }, options);
  }

  function tell(job: Job, type: 'Normal' | 'Warning', reason: string, message: string): void {
    events.record(job, { type, reason, message, component: COMPONENT });
  }
};

function isEnded(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}
