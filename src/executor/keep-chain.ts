import { linkAudit } from '../database/audit.ts';
import { DatabaseUnavailable } from '../database/unavailable.ts';
import type { ExecutorContext } from './context.ts';

/** What one replica does for the audit's chain, beside its loop. */
export interface ChainKeeper {
  /** Gives what was committed its place in the chain, unless this is still going on, or another replica is at it. */
  turn(): void;
  ended(): Promise<void>;
}

/** Into the log, where the database's owner does not reach: a chain whose end was cut off shows against it. */
const headToldEveryMs = 60 * 60_000;
/** Some 100,000 entries: what one turn does at the most. */
const mostBatches = 100;

export function keepChain({ database, observer }: Pick<ExecutorContext, 'database' | 'observer'>): ChainKeeper {
  let underWay: Promise<void> | undefined;
  let tellAtMs = 0;

  const link = async () => {
    for (let batches = 0; batches < mostBatches; batches += 1) {
      const linked = await linkAudit(database, { waits: false });
      if (!linked) return;
      if (linked.more) continue;
      const { seq, hash } = linked.head;
      if (performance.now() < tellAtMs || seq === 0) return;
      observer.log('info', `Audit: ${seq} entries, head ${hash}`, { seq, hash });
      tellAtMs = performance.now() + headToldEveryMs;
      return;
    }
  };
  return {
    turn() {
      underWay ??= link()
        .catch((error: unknown) => {
          // While Postgres is away nothing is committed that would need a place.
          if (error instanceof DatabaseUnavailable) return;
          observer.log('error', 'The chain of the audit could not be extended', { error });
        })
        .finally(() => (underWay = undefined));
    },
    async ended() {
      await underWay;
    },
  };
}
