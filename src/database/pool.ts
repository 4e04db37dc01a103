import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres, { type Sql } from 'postgres';
import { type Listening, listenOn, poll } from './listen.ts';

/** The connections to Postgres. */
export interface Pool {
  sql(): Sql;
  db(): PostgresJsDatabase;
  listen(channel: string, heard: () => void): Listening;
  /**
   * From here on over new connections to the same address: the old ones lead to a server that is no longer the primary, or to
   * none at all, which no error tells of for a quarter of an hour. What is under way over them may end. Not where they are
   * younger than that: false.
   */
  renew(youngestMs: number): boolean;
  close(): Promise<void>;
}

export interface PoolOptions {
  url: string;
  /** Connections at the most. */
  pool: number;
  /** Behind a pooler in transaction mode: no prepared statements, nothing kept by a session. */
  pooled: boolean;
  /** What is given to each statement. */
  timeoutMs: number;
}

const connectTimeoutSeconds = 5;
/** The driver takes a connection that broke for one on which something is under way, and would wait for that. */
const closeTimeoutSeconds = 1;
const graceMs = 1_000;

export function openPool({ url, pool, pooled, timeoutMs }: PoolOptions): Pool {
  const open = () => {
    const options = {
      max: pool,
      prepare: !pooled,
      // A renewal of a lease must not stand behind a slow statement while other connections come free.
      max_pipeline: 0,
      connect_timeout: connectTimeoutSeconds,
      backoff: reconnectAfterSeconds,
      // Asking for the types of arrays costs a round trip per connection, and we send none.
      fetch_types: false,
      onnotice: () => undefined,
      connection: {
        application_name: 'executor-service',
        // What nobody waits for any longer must not be done much later. A pooler takes no such parameter.
        ...(pooled ? {} : { statement_timeout: timeoutMs + graceMs }),
      },
    };
    const sql = postgres(url, options);
    // Drizzle makes the client's JSON and times plain text: values for jsonb are sent as text, and times come as text.
    return { sql, db: drizzle(sql), sinceMs: performance.now() };
  };
  let current = open();
  const listeners = new Set<{ begin: () => Listening; listening: Listening }>();

  return {
    sql: () => current.sql,
    db: () => current.db,
    listen(channel, heard) {
      if (pooled) return poll(heard);
      const begin = () => listenOn(current.sql, channel, heard);
      const listener = { begin, listening: begin() };
      listeners.add(listener);
      return {
        async close() {
          listeners.delete(listener);
          await listener.listening.close();
        },
      };
    },
    renew(youngestMs) {
      if (performance.now() - current.sinceMs < youngestMs) return false;
      const old = current;
      current = open();
      for (const listener of listeners) {
        // Over a dead connection nothing answers, not even this.
        void listener.listening.close();
        listener.listening = listener.begin();
      }
      void old.sql.end({ timeout: Math.ceil(timeoutMs / 1000) });
      return true;
    },
    async close() {
      await current.sql.end({ timeout: closeTimeoutSeconds });
    },
  };
}

/** The driver's own waits up to 20 s, so that a Postgres that is back stays unused, and leases run out. */
function reconnectAfterSeconds(retries: number): number {
  return Math.min(0.02 * 2 ** retries, 0.5) * (0.5 + Math.random() / 2);
}
