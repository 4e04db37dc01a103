import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** The way of one replica to Postgres, which can be cut or stalled while others go on. */
export interface TcpLink {
  port: number;
  /** Whoever connects is turned away, and what stood is broken. */
  cut(): void;
  /** What is sent stays unanswered; nothing breaks. */
  stall(): void;
  heal(): void;
  close(): Promise<void>;
}

export async function createTcpLink(to: { host: string; port: number }): Promise<TcpLink> {
  let state: 'open' | 'cut' | 'stalled' = 'open';
  const pairs = new Set<[Socket, Socket]>();
  const flow = ([from, upstream]: [Socket, Socket], flows: boolean) => {
    for (const [one, other] of [
      [from, upstream],
      [upstream, from],
    ] as const) {
      one.unpipe(other);
      one.pause();
      if (flows) one.pipe(other);
    }
  };
  const server = createServer((from) => {
    if (state === 'cut') {
      from.destroy();
      return;
    }
    const upstream = connect(to);
    const pair: [Socket, Socket] = [from, upstream];
    pairs.add(pair);
    for (const [one, other] of [pair, pair.toReversed()] as [Socket, Socket][]) {
      one.on('error', () => other.destroy());
      one.on('close', () => {
        other.destroy();
        pairs.delete(pair);
      });
    }
    flow(pair, state === 'open');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const breakAll = () => {
    for (const [from, upstream] of pairs) {
      from.destroy();
      upstream.destroy();
    }
  };
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    cut() {
      state = 'cut';
      breakAll();
    },
    stall() {
      state = 'stalled';
      for (const pair of pairs) flow(pair, false);
    },
    heal() {
      state = 'open';
      for (const pair of pairs) flow(pair, true);
    },
    async close() {
      breakAll();
      server.close();
      await once(server, 'close');
    },
  };
}
