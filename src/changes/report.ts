import type { ObjectReference } from '../kubernetes/object.ts';

/** What is read once a run is over, however it ended, and becomes part of its `result`. Plain JSON. */
export type Report = JobLog;

/** The last lines that a Job's pods have written. */
export interface JobLog {
  kind: 'job_log';
  job: ObjectReference;
}
