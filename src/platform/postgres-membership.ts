import postgres from 'postgres';

/** A process's part in a server that several may use: the last one out stops it. */
export type Membership = {
  /** Gives the part up. True: nobody else uses the server, and nobody can join any more. */
  leave(): Promise<boolean>;
  /** Ends the session; after `leave`, and after the server was stopped where nobody else used it. */
  close(): Promise<void>;
};

/** Any number that nothing else in the database uses for an advisory lock of a session. */
const lockKey = 7_308_604_758;

/**
 * Joins by a shared lock of a session that is held as long as the process lives: the server itself then knows who is there,
 * and a killed process has left, which no file could say. Session locks are out of place behind a pooler, but here there is none.
 * @throws when the server is not to be reached, or is being stopped by the last one in it.
 */
export async function joinPostgres(url: string): Promise<Membership> {
  const session = postgres(url, {
    max: 1,
    idle_timeout: 0,
    max_lifetime: 0,
    connect_timeout: 5,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: 'executor-service member', lock_timeout: 10_000 },
  });
  try {
    await session`select pg_advisory_lock_shared(${lockKey})`;
  } catch (error) {
    await session.end({ timeout: 1 });
    throw error;
  }
  return {
    async leave() {
      await session`select pg_advisory_unlock_shared(${lockKey})`;
      const [answer] = await session<{ alone: boolean }[]>`select pg_try_advisory_lock(${lockKey}) as alone`;
      return answer?.alone === true;
    },
    async close() {
      await session.end({ timeout: 1 });
    },
  };
}
