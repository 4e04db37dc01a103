import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type { Sql } from 'postgres';
import type { JsonObject } from '../json.ts';
import type { Listening } from './listen.ts';
import { openPool } from './pool.ts';
import { type Sending, together } from './together.ts';
import { DatabaseUnavailable, isConnectionFault, isReadOnlyFault, isRolledBack, unavailable } from './unavailable.ts';

/** Runs around each statement, so that spans and metrics hang there; `name` is one of a few dozen fixed words. */
export type StatementObserver = <T>(name: string, run: () => Promise<T>) => Promise<T>;

export interface DatabaseOptions {
  url: string;
  /** Connections at the most. */
  pool: number;
  /** Behind a pooler in transaction mode: no prepared statements, nothing kept by a session. */
  pooled: boolean;
  observe?: StatementObserver;
  /** At most this long for one statement. */
  timeoutMs?: number;
}

/** The one way to Postgres: every statement has a name and a deadline. */
export interface Database {
  /**
   * Runs one statement written in plain SQL. Throws DatabaseUnavailable where Postgres can't be reached or does not
   * answer in time; then a write may or may not have been committed.
   */
  statement<T>(name: string, run: (sql: Sql) => Promise<T>, timeoutMs?: number): Promise<T>;
  /** The same, for what Drizzle puts together. */
  query<T>(name: string, run: (db: PostgresJsDatabase) => Promise<T>): Promise<T>;
  /**
   * Hands an item to an SQL function that takes a list of them and answers with a list: those that arrive while
   * others are under way go together, in one statement and one commit. Each has a name and a deadline of its own.
   */
  together<Answer>(name: string, listFunction: string, item: JsonObject): Promise<Answer>;
  /**
   * Calls back for each NOTIFY on the channel, and whenever some may have been missed; over a connection of its own, made
   * again where it breaks. Behind a pooler there is no listening: it calls back a few times a second instead.
   */
  listen(channel: string, heard: () => void): Listening;
  close(): Promise<void>;
}

const defaultTimeoutMs = 10_000;
const primarySoughtEveryMs = 1_000;
const mostTries = 3;

export function connectDatabase({
  observe = (_name, run) => run(),
  timeoutMs = defaultTimeoutMs,
  ...options
}: DatabaseOptions): Database {
  const pool = openPool({ ...options, timeoutMs });
  const lanes = new Map<string, (item: JsonObject) => Sending<unknown>>();
  const laneOf = (listFunction: string) => {
    const lane =
      lanes.get(listFunction) ??
      together(async (items: JsonObject[]) => {
        const [row] = await withDeadline(listFunction, async () => {
          const sql = pool.sql();
          return await sql<
            { answers: unknown[] }[]
          >`select ${sql(listFunction)}(${JSON.stringify(items)}::jsonb) as answers`;
        });
        return row?.answers ?? [];
      });
    lanes.set(listFunction, lane);
    return lane;
  };
  const withDeadline = async <T>(name: string, call: () => Promise<T>, withinMs = timeoutMs): Promise<T> => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        // It may be slow, or nobody may be there any more. Once in that time, so that connections don't pile up.
        pool.renew(withinMs);
        reject(new DatabaseUnavailable(`PostgreSQL did not answer "${name}" within ${withinMs / 1000} s`));
      }, withinMs);
    });
    // A standby has done nothing: the primary may be at the same address by now. Nor has who was chosen to end a deadlock.
    const callSurely = async (tries: number): Promise<T> => {
      try {
        return await call();
      } catch (error) {
        const again = isRolledBack(error) || (isReadOnlyFault(error) && pool.renew(primarySoughtEveryMs));
        if (!again || tries <= 1) throw error;
        return await callSurely(tries - 1);
      }
    };
    try {
      return await Promise.race([callSurely(mostTries), late]);
    } catch (error) {
      throw isConnectionFault(error) ? unavailable(error) : error;
    } finally {
      clearTimeout(timer);
    }
  };
  const run = <T>(name: string, call: () => Promise<T>, withinMs?: number): Promise<T> =>
    observe(name, () => withDeadline(name, call, withinMs));
  return {
    statement: (name, call, withinMs) => run(name, () => call(pool.sql()), withinMs),
    query: (name, call) => run(name, () => call(pool.db())),
    async together<Answer>(name: string, listFunction: string, item: JsonObject) {
      const lane = laneOf(listFunction);
      let sending: Sending<unknown> | undefined;
      try {
        return await run(name, () => answerOf<Answer>((sending = lane(item)).answer));
      } finally {
        sending?.giveUp();
      }
    },
    listen: (channel, heard) => pool.listen(channel, heard),
    close: () => pool.close(),
  };
}

/** The SQL function says what it answers. */
function answerOf<Answer>(answer: Promise<unknown>): Promise<Answer> {
  return answer as Promise<Answer>;
}
