import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** The way to PostgreSQL, which breaks where a test wants it to. */
export interface PostgresLink {
  /** The same database, over this way. */
  over(databaseUrl: string): string;
  /** Breaks the connection over which that text is sent: before it arrives, or once its answer has come here. Once. */
  breakAt(text: string, when: 'before' | 'after'): void;
  /** Nobody gets through any more; what stood is broken. */
  cut(): void;
  /** What stands now goes silent for ever, without an error; what is opened from here on is well. */
  strand(): void;
  /** Everything takes that much longer, each way. */
  delay(milliseconds: number): void;
  heal(): void;
  close(): Promise<void>;
}

export async function startPostgresLink(databaseUrl: string): Promise<PostgresLink> {
  const { hostname, port } = new URL(databaseUrl);
  const pairs = new Set<{ client: Socket; server: Socket; silent: boolean }>();
  let broken: { text: string; when: 'before' | 'after' } | undefined;
  let isCut = false;
  let delayMs = 0;

  const listener = createServer((client) => {
    if (isCut) return void client.destroy();
    const server = connect({ host: hostname, port: Number(port) });
    const pair = { client, server, silent: false };
    pairs.add(pair);
    let answerIsLost = false;
    const end = () => {
      client.destroy();
      server.destroy();
      pairs.delete(pair);
    };
    const pass = (to: Socket, chunk: Buffer) => {
      if (pair.silent) return;
      if (delayMs === 0) to.write(chunk);
      else setTimeout(() => to.writable && to.write(chunk), delayMs);
    };
    client.on('data', (chunk) => {
      if (!pair.silent && broken && chunk.includes(broken.text)) {
        const { when } = broken;
        broken = undefined;
        if (when === 'before') return end();
        answerIsLost = true;
      }
      pass(server, chunk);
    });
    server.on('data', (chunk) => (answerIsLost ? end() : pass(client, chunk)));
    for (const socket of [client, server]) socket.on('error', end).on('close', () => !pair.silent && end());
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const breakAll = () => {
    for (const { client, server } of pairs) {
      client.destroy();
      server.destroy();
    }
    pairs.clear();
  };
  return {
    over(url) {
      const by = new URL(url);
      by.host = `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
      return by.href;
    },
    breakAt(text, when) {
      broken = { text, when };
    },
    cut() {
      isCut = true;
      breakAll();
    },
    strand() {
      for (const pair of pairs) pair.silent = true;
    },
    delay(milliseconds) {
      delayMs = milliseconds;
    },
    heal() {
      isCut = false;
      delayMs = 0;
    },
    async close() {
      breakAll();
      listener.close();
      await once(listener, 'close');
    },
  };
}
