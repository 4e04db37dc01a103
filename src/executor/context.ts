import type { Action } from '../actions/define.ts';
import type { Config } from '../config/config.ts';
import type { DatabaseClock } from '../database/clock.ts';
import type { Database } from '../database/connect.ts';
import type { Execution } from '../database/execution-row.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { MayService } from '../policy/own-rights.ts';
import type { Cancellations } from './cancellations.ts';
import type { Places } from './places.ts';
import type { WakeUp } from './wake-up.ts';

/** The steps of a run that are traced and measured. */
export type Phase = 'target' | 'plan' | 'rules' | 'claim' | 'apply' | 'verify' | 'record' | 'settle';

/** Where the executor tells what it does; spans, metrics and log lines hang here. */
export interface ExecutorObserver {
  phase<T>(name: Phase, run: () => Promise<T>): Promise<T>;
  finished(execution: Execution): void;
  verdict(rule: string, verdict: string): void;
  lease(outcome: 'renewed' | 'lost' | 'failed'): void;
  settled(outcome: string): void;
  /** A line for the log that stands for itself, such as the message of `notify_only`. */
  log(level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void;
  traceId(): string | undefined;
}

/** All that the executor works with; made once, in runtime.ts. */
export interface ExecutorContext {
  cluster: Cluster;
  database: Database;
  settings: Pick<Config, 'actions' | 'safety' | 'kubernetes' | 'database'>;
  actions: readonly Action[];
  /** What the API server lets the service itself do. */
  mayService: MayService;
  /** This replica, in the record. */
  holder: string;
  observer: ExecutorObserver;
  /** Tells runs that are to end. */
  cancellations: Cancellations;
  /** Wakes the loop of this replica. */
  wakeUp: WakeUp;
  /** For its runs from the queue. */
  places: Places;
  /** From its end on no new run begins. */
  stopping: AbortSignal;
  /** From its end on what is under way is given up, for another replica to settle. */
  handOver: AbortSignal;
  newId(): string;
  clock: DatabaseClock;
  /** By the database's clock. */
  now(): Date;
}
