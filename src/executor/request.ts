import type { JsonObject } from '../json.ts';
import type { Later } from './run-later.ts';

/** An object as a request may name it: the kind can be missing, and is then the action's first. */
export interface NamedTarget {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  namespace?: string | undefined;
  name: string;
}

export interface AlertSource {
  name: string;
  namespace?: string | undefined;
  resource?: string | undefined;
  labels?: Record<string, string> | undefined;
  annotations?: Record<string, string> | undefined;
}

/** A request to execute, whichever of the two shapes it came in. Checked for form; nothing is resolved yet. */
export interface ExecuteRequest {
  action: string;
  parameters: Record<string, unknown>;
  /** Where the parameters stand in the body, for the pointers of faults: `/action/parameters` or `/parameters`. */
  parametersPointer: string;
  /** The keys of the parameters as they were sent, by the names that they have here. */
  parameterSpellings?: ReadonlyMap<string, string> | undefined;
  target?: NamedTarget | undefined;
  alert?: AlertSource | undefined;
  /** The alert as it came, for the record. */
  alertRecord?: JsonObject | undefined;
  dryRun: boolean;
  timeoutMs?: number | undefined;
  priority: number;
  correlationId?: string | undefined;
  workflowId?: string | undefined;
  metadata?: JsonObject | undefined;
  /** Given by the caller; else the executor makes one. */
  actionId?: string | undefined;
  idempotencyKey?: string | undefined;
  /** Of what was asked, so that a key that comes back with another body is noticed. */
  requestHash: string;
  requestedBy?: string | undefined;
  /** Left out: carried out at once, and answered at its end. */
  later?: Later | undefined;
}
