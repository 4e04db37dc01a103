import type { RiskLevel } from '../actions/define.ts';
import { changeKind, changesOf } from '../changes/change-kinds.ts';
import { describeExpectation } from '../changes/expectation-kinds.ts';
import type { Plan } from '../changes/plan.ts';
import type { Execution } from '../database/execution-row.ts';
import type { Impact } from '../impact/impact.ts';
import type { Json, JsonObject, ObjectReference } from '../kubernetes/object.ts';

/** A change as the record tells of it: in words, and as data. */
export type ChangeRecord = {
  kind: string;
  target: { cluster: string; apiVersion: string; kind: string; namespace?: string; name: string; uid?: string };
  summary: string;
  status: 'pending' | 'applied' | 'skipped' | 'failed' | 'unknown';
  before?: Json;
  after?: Json;
  /** Why it failed. */
  error?: string;
  /** In a dry run: whether the API server has checked it. */
  verified?: boolean;
};

export type ExpectationRecord = { summary: string; holds: boolean };
export type VerdictRecord = { rule: string; verdict: string; reason: string };
export type RiskRecord = { level: RiskLevel; reasons: string[] };
export type ErrorRecord = { code: string; message: string; hint?: string };
export type ProgressRecord = { done: number; total: number; message: string };
export type TargetRecord = {
  cluster: string;
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
  uid?: string;
};

/** The JSON columns of a row, as the executor wrote them. */
export interface RecordParts {
  target: TargetRecord | null;
  plan: Plan;
  changes: ChangeRecord[];
  expectations: ExpectationRecord[];
  verdicts: VerdictRecord[];
  risk: RiskRecord;
  impact: Impact | null;
  progress: ProgressRecord | null;
  error: ErrorRecord | null;
}

/** Reads the JSON columns of a row that the executor has written. */
export function partsOf(row: Execution): RecordParts {
  const { target, plan, changes, expectations, verdicts, risk, impact, progress, error } = row;
  return asWritten({ target, plan, changes, expectations, verdicts, risk, impact, progress, error });
}

/** What was written with these types is read with these types; the column's type is only JSON. */
function asWritten(parts: Record<keyof RecordParts, Json>): RecordParts {
  return parts as unknown as RecordParts;
}

/** Plans and records are made of JSON values alone, which an interface can't say of itself. */
export function jsonOf(value: object): Json {
  return value as unknown as Json;
}

/** As `jsonOf`, where an object is asked for. */
export function jsonObjectOf(value: object): JsonObject {
  return value as unknown as JsonObject;
}

export function changeRecordsOf(plan: Plan, cluster: string): ChangeRecord[] {
  return changesOf(plan.changes).map((change) => {
    const kind = changeKind(change);
    return {
      kind: change.kind,
      target: targetRecordOf(kind.target(change), cluster),
      summary: kind.describe(change),
      status: 'pending',
      ...kind.values(change),
    };
  });
}

export function targetRecordOf(
  { apiVersion, kind, namespace, name, uid }: ObjectReference,
  cluster: string,
): TargetRecord {
  return { cluster, apiVersion, kind, ...(namespace ? { namespace } : {}), name, ...(uid ? { uid } : {}) };
}

export function expectationRecordsOf(plan: Plan, holds: boolean): ExpectationRecord[] {
  return plan.expectations.map((expectation) => ({ summary: describeExpectation(expectation), holds }));
}
