/** A queue of runs that do nothing, with all that one of them has to tell. Times are `performance.now()`. */
export interface Contender {
  name: string;
  /** Comes back when the job is kept. With a key, jobs of the same key never run at the same time. */
  enqueue(job: number, key: string | undefined): Promise<void>;
  /** Where it does not tell of ends by itself: those that are kept by now, and when. */
  ends?(): Promise<{ job: number; at: number }[]>;
  close(): Promise<void>;
}

export interface Told {
  /** The work of a job begins. */
  started(job: number): void;
  /** Its end is kept. */
  finished(job: number): void;
}

export interface Terms {
  /** Of a database of its own. */
  databaseUrl: string;
  /** Runs that may be under way at the same time. */
  atOnce: number;
  /** Whether jobs will have keys. */
  keyed: boolean;
  told: Told;
}
