import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseUnavailable } from './unavailable.ts';

/** What one commit takes at the most: enough to keep up, few enough that the first need not wait for long. */
const mostTogether = 32;
/** While one commit waits for the disk, the next is worked on; more only split what could go together. */
const mostUnderWay = 2;
/** After a failed connection: long enough for those to be taken back whose time is over as well. */
const restMs = 20;

interface Waiting<Item, Answer> {
  item: Item;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** An item that waits for its turn, or is under way. */
export interface Sending<Answer> {
  answer: Promise<Answer>;
  /** Takes it back where it has not been sent yet. */
  giveUp(): void;
}

/**
 * Sends what arrives together in one go: whoever comes while as many as may be are under way goes with the
 * next. `send` answers in
 * the order of the items, or fails for all of them without a trace; then each is sent alone, so that one that can't be
 * stored does not spoil the others. Only where the connection failed, what became of them is unknown, and all fail.
 */
export function together<Item, Answer>(send: (items: Item[]) => Promise<Answer[]>): (item: Item) => Sending<Answer> {
  let waiting: Waiting<Item, Answer>[] = [];
  let underWay = 0;

  const sendAll = async (some: Waiting<Item, Answer>[]): Promise<void> => {
    try {
      const answers = await send(some.map(({ item }) => item));
      for (const [index, answer] of answers.entries()) some[index]?.resolve(answer);
    } catch (error) {
      const unavailable = error instanceof DatabaseUnavailable;
      if (some.length === 1 || unavailable) for (const { reject } of some) reject(error);
      else for (const one of some) await sendAll([one]);
      if (unavailable) await sleep(restMs);
    }
  };
  const sendWaiting = async (): Promise<void> => {
    underWay += 1;
    while (waiting.length > 0) await sendAll(waiting.splice(0, mostTogether));
    underWay -= 1;
  };

  return (item) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const one = { item, resolve, reject };
    waiting.push(one);
    if (underWay < mostUnderWay) void sendWaiting();
    return { answer: promise, giveUp: () => (waiting = waiting.filter((other) => other !== one)) };
  };
}
