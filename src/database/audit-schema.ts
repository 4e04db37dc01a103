import { bigint, index, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { JsonObject } from '../json.ts';

/** Time by the database's clock, the only one that replicas share. */
const at = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

/**
 * What was decided and done, for ever: written by the commit that it tells of, by a trigger, and never changed (see
 * drizzle/0009_audit.sql).
 */
export const auditEntry = pgTable('audit_entry', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  at: at('at').notNull(),
  type: text('type').notNull(),
  cluster: text('cluster'),
  namespace: text('namespace'),
  executionId: text('execution_id'),
  by: text('by'),
  data: jsonb('data').$type<JsonObject>().notNull(),
});

/** The place of an entry in the chain, and its hash, which goes over the hash before it. */
export const auditLink = pgTable(
  'audit_link',
  {
    seq: bigint('seq', { mode: 'number' }).primaryKey(),
    entryId: bigint('entry_id', { mode: 'number' }).notNull().unique(),
    chainedAt: at('chained_at').notNull(),
    previousHash: text('previous_hash').notNull(),
    hash: text('hash').notNull(),
  },
  (table) => [index('audit_link_by_time').on(table.chainedAt, table.seq)],
);

/** Entries that have no place in the chain yet. */
export const auditUnlinked = pgTable('audit_unlinked', {
  entryId: bigint('entry_id', { mode: 'number' }).primaryKey(),
});
