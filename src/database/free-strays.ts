import type { Database } from './connect.ts';

/** What was held by nothing that is under way. */
export interface Strays {
  /** Keys of objects. */
  locks: string[];
  slots: number;
}

/** Frees it, and says what it was; nothing ever is, unless rows are taken out by hand. Safe to repeat. */
export async function freeStrays(database: Database): Promise<Strays> {
  return await database.statement('free_strays', async (sql) => {
    const [row] = await sql<{ freed: Strays }[]>`select free_strays() as freed`;
    return row?.freed ?? { locks: [], slots: 0 };
  });
}
