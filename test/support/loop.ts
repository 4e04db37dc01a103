import { runLoop } from '../../src/executor/loop.ts';
import type { Replica } from './service.ts';

/** Lets a replica do by itself what it does beside its requests, until it is disposed of. */
export function runningLoop({ runtime }: Pick<Replica, 'runtime'>): AsyncDisposable {
  const ended = new AbortController();
  const loop = runLoop(runtime.executor, ended.signal);
  return {
    async [Symbol.asyncDispose]() {
      ended.abort();
      runtime.executor.wakeUp.ring();
      await loop;
    },
  };
}
