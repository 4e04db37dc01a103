import type { Sql } from 'postgres';

export interface Listening {
  close(): Promise<void>;
}

const againMs = 1_000;
const pollMs = 200;

/** The channel on which the queue tells that there is something to take (drizzle/0004_queue.sql). */
export const queueChannel = 'executor_queue';

/** The channel on which a stop tells that runs are to end (drizzle/0003_stops.sql). */
export const stopsChannel = 'executor_stops';

/**
 * Calls back for each NOTIFY on the channel, and each time that listening begins, since some may have been missed before.
 * The driver keeps a connection for it, and makes it again where it breaks.
 */
export function listenOn(sql: Sql, channel: string, heard: () => void): Listening {
  let closed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const begin = (): Promise<{ unlisten(): Promise<void> } | undefined> =>
    sql.listen(channel, heard, heard).catch(() => {
      // Postgres is away at the start: the loop looks by itself meanwhile.
      if (!closed) timer = setTimeout(() => void (listening = begin()), againMs);
      return undefined;
    });
  let listening = begin();
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await (await listening)?.unlisten().catch(() => undefined);
    },
  };
}

/** Behind a pooler in transaction mode nobody can listen: looking often is what is left. */
export function poll(heard: () => void): Listening {
  const timer = setInterval(heard, pollMs);
  return { close: async () => clearInterval(timer) };
}
