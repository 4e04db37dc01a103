import { getTableColumns, sql } from 'drizzle-orm';
import { execution } from './schema.ts';

/** A row of the table `execution`. What the executor keeps in its JSON columns it alone knows. */
export type Execution = typeof execution.$inferSelect & {
  /** What waits in the queue to undo it. */
  scheduledUndo: ScheduledUndo | null;
};

/** The queued execution, and when it is due: RFC 3339, by the database's clock. */
export interface ScheduledUndo {
  id: string;
  at: string;
}

/** What is read of an execution; its index holds only what is queued, so that looking for an undo costs next to nothing. */
export const executionColumns = {
  ...getTableColumns(execution),
  scheduledUndo: sql<ScheduledUndo | null>`(
    select jsonb_build_object('id', q.id, 'at', q.not_before) from execution q
    where q.rollback_of = ${execution}.id and q.status = 'queued' and q.rollback_of is not null
    order by q.not_before limit 1)`,
};
