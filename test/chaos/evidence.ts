import type { Sql } from 'postgres';
import type { Told } from './caller.ts';
import { type Journal, type RecordedChange, readJournal } from './journal.ts';
import type { Mutation } from './mutations.ts';

/** A row of the table of executions, as far as it is looked at here. */
export interface Row {
  id: string;
  idempotency_key: string | null;
  action: string;
  status: string;
  dry_run: boolean;
  changed: boolean;
  changes: RecordedChange[];
  message: string;
  error: { code: string; message: string } | null;
  settled: unknown;
  rollback_of: string | null;
  rolled_back_by: string | null;
  trace_id: string | null;
  attempts: number | null;
  waits_for: string | null;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
  not_before: Date | null;
}

/** All that a run has left behind, read from the database and the API server's log; beside it what callers were told. */
export interface Evidence extends Journal {
  rows: Map<string, Row>;
  mutations: Mutation[];
  told: Told[];
  slotsTaken: { id: number; execution_id: string }[];
  targetsHeld: { key: string; execution_id: string }[];
  cooldowns: { key: string; execution_id: string }[];
  now: Date;
}

/** One thing that must hold: how much of it was looked at, and what does not hold. */
export interface Finding {
  invariant: string;
  checked: number;
  broken: Broken[];
  /** How many can't be told apart from what is no fault. */
  apart?: number;
}

export interface Broken {
  what: string;
  /** The executions that it is about. */
  ids: string[];
  mutations?: Mutation[];
}

export async function gatherEvidence(sql: Sql, seen: { mutations: Mutation[]; told: Told[] }): Promise<Evidence> {
  const rows = await sql<Row[]>`select * from execution`;
  const [clock] = await sql<{ now: Date }[]>`select clock_timestamp() as now`;
  return {
    ...(await readJournal(sql)),
    ...seen,
    rows: new Map(rows.map((row) => [row.id, row])),
    slotsTaken: await sql<Evidence['slotsTaken']>`select id, execution_id from slot where execution_id is not null`,
    targetsHeld: await sql<Evidence['targetsHeld']>`select key, execution_id from target_lock`,
    cooldowns: await sql<Evidence['cooldowns']>`select key, execution_id from cooldown`,
    now: clock?.now ?? new Date(),
  };
}

/** The row that a request has led to, whichever of its two names it goes by. */
export function rowOf({ rows }: Evidence, { id, key }: Pick<Told, 'id' | 'key'>): Row | undefined {
  const named = rows.get(id ?? '') ?? rows.get(key);
  return named ?? [...rows.values()].find((row) => row.idempotency_key === key);
}
