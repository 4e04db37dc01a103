import type { Authenticate } from '../callers/caller.ts';
import type { RightsOf } from '../callers/rights.ts';
import type { ExecutorContext } from '../executor/context.ts';
import type { MissingRights } from '../executor/missing-rights.ts';

/** What `/health` tells of one thing that the service needs. */
export interface HealthCheck {
  status: 'up' | 'down';
  detail?: string;
  [fact: string]: unknown;
}

/** Observes one HTTP request: its span is the parent of all that happens in it. */
export type RequestObserver = (
  request: Request,
  route: () => string,
  handle: () => Promise<Response>,
) => Promise<Response>;

/** How callers are known, and what they may. */
export interface Callers {
  /** Undefined: whoever reaches the port may do everything. */
  authenticate: Authenticate | undefined;
  rightsOf: RightsOf;
  rateLimit: { requests: number; perMs: number };
}

/** Everything an endpoint may use; made once, in src/runtime.ts, and handed to every function. */
export interface Runtime {
  executor: ExecutorContext;
  callers: Callers;
  version: { version: string; commit: string };
  /** For how long a finished execution can be undone, as of now. */
  kept(): { historyMs: number; now: Date };
  /** What was found wanting at the start, for `/health`. */
  warnings: string[];
  /** The rights that the service itself lacks, a sentence each. */
  missingRights: MissingRights;
  /** True from SIGTERM on: no new run begins. */
  stopping(): boolean;
  observeRequest: RequestObserver;
  /** The metrics as Prometheus text; undefined where the host gives none. */
  metrics: (() => Promise<{ contentType: string; text: string }>) | undefined;
  /** Counts refusals by code. */
  refused(code: string): void;
  /** Told of faults that are this service's own, with the stack; the caller only sees the trace id. */
  fault(error: unknown, request: Request): void;
}
