import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres, { type Sql } from 'postgres';
import type { JsonObject } from '../json.ts';
import { type Listening, listenOn, poll } from './listen.ts';
import { type Sending, together } from './together.ts';
import { DatabaseUnavailable, isConnectionFault } from './unavailable.ts';

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
  statement<T>(name: string, run: (sql: Sql) => Promise<T>): Promise<T>;
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

const connectTimeoutSeconds = 5;
const defaultTimeoutMs = 10_000;

export function connectDatabase({
  url,
  pool,
  pooled,
  observe = (_name, run) => run(),
  timeoutMs = defaultTimeoutMs,
}: DatabaseOptions): Database {
  const sql = postgres(url, {
    max: pool,
    prepare: !pooled,
    connect_timeout: connectTimeoutSeconds,
    backoff: reconnectAfterSeconds,
    // Asking for the types of arrays costs a round trip per connection, and we send none.
    fetch_types: false,
    onnotice: () => undefined,
    connection: { application_name: 'executor-service' },
  });
  // Drizzle makes the client's JSON and times plain text: values for jsonb are sent as text, and times come as text.
  const db = drizzle(sql);
  const lanes = new Map<string, (item: JsonObject) => Sending<unknown>>();
  const laneOf = (listFunction: string) => {
    const lane =
      lanes.get(listFunction) ??
      together(async (items: JsonObject[]) => {
        const call = () =>
          sql<{ answers: unknown[] }[]>`select ${sql(listFunction)}(${JSON.stringify(items)}::jsonb) as answers`;
        const [row] = await withDeadline(listFunction, call, timeoutMs);
        return row?.answers ?? [];
      });
    lanes.set(listFunction, lane);
    return lane;
  };
  const run = <T>(name: string, call: () => Promise<T>): Promise<T> =>
    observe(name, () => withDeadline(name, call, timeoutMs));
  return {
    statement: (name, call) => run(name, () => call(sql)),
    query: (name, call) => run(name, () => call(db)),
    async together<Answer>(name: string, listFunction: string, item: JsonObject) {
      const lane = laneOf(listFunction);
      let sending: Sending<unknown> | undefined;
      try {
        return await run(name, () => answerOf<Answer>((sending = lane(item)).answer));
      } finally {
        sending?.giveUp();
      }
    },
    listen: (channel, heard) => (pooled ? poll(heard) : listenOn(sql, channel, heard)),
    close: () => sql.end({ timeout: connectTimeoutSeconds }),
  };
}

/** The driver's own waits up to 20 s, so that a Postgres that is back stays unused, and leases run out. */
function reconnectAfterSeconds(retries: number): number {
  return Math.min(0.02 * 2 ** retries, 0.5) * (0.5 + Math.random() / 2);
}

async function withDeadline<T>(name: string, call: () => Promise<T>, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new DatabaseUnavailable(`PostgreSQL did not answer "${name}" within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([call(), late]);
  } catch (error) {
    throw isConnectionFault(error) ? new DatabaseUnavailable('PostgreSQL can not be reached', error) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** The SQL function says what it answers. */
function answerOf<Answer>(answer: Promise<unknown>): Promise<Answer> {
  return answer as Promise<Answer>;
}
