import type { Database } from './connect.ts';

/** What stops a cluster (`*`), or one of its namespaces, or has done so; who has said it last, why and when. */
export interface Control {
  scope: string;
  stopped: boolean;
  reason: string | null;
  by: string | null;
  at: Date;
}

/** As SQL gives it. */
export type RawControl = Omit<Control, 'at'> & { at: string };

export function controlOf({ scope, stopped, reason, by, at }: RawControl): Control {
  return { scope, stopped, reason, by, at: new Date(at) };
}

/** Every control that was ever set, that of the whole cluster first. */
export async function listControls(database: Database, cluster: string): Promise<Control[]> {
  return await database.statement('list_controls', async (sql) => {
    const rows = await sql<RawControl[]>`
      select scope, stopped, reason, changed_by as by, changed_at as at from control
      where cluster = ${cluster} order by scope <> '*', scope`;
    return rows.map(controlOf);
  });
}

/**
 * Stops a scope, or lifts its stop: from the commit on nothing of it begins on any replica, and what is under way is to end;
 * or what waits goes on. With its event and its word to the replicas in one commit. Safe to repeat.
 */
export async function setControl(
  database: Database,
  { cluster, scope, stopped, reason, by }: Omit<Control, 'at'> & { cluster: string },
): Promise<Control> {
  return await database.statement('set_control', async (sql) => {
    const [row] = await sql<RawControl[]>`
      select scope, stopped, reason, changed_by as by, changed_at as at
      from set_control(${cluster}, ${scope}, ${stopped}, ${reason}, ${by})`;
    if (!row) throw new Error('PostgreSQL gave no control');
    return controlOf(row);
  });
}
