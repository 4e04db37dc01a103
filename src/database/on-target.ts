import type { PendingQuery, Row, Sql } from 'postgres';

/** An object that executions act on, by what the history knows it by. */
export interface HistoryTarget {
  cluster: string;
  /** Left out for what is in no namespace. */
  namespace?: string | undefined;
  kind: string;
  name: string;
}

/** The condition on `execution e`, in the form that the index execution_outcomes answers. */
export function onTarget(sql: Sql, { cluster, namespace, kind, name }: HistoryTarget): PendingQuery<Row[]> {
  const place = namespace === undefined ? sql`e.namespace is null` : sql`e.namespace = ${namespace}`;
  return sql`${place} and e.name = ${name} and e.kind = ${kind} and e.cluster = ${cluster}`;
}
