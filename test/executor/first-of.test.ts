import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { endsAfter, firstOf } from '../../src/executor/first-of.ts';

const listeners = (...ends: AbortController[]) => ends.map(({ signal }) => getEventListeners(signal, 'abort').length);

test('it ends with the first of them, by its reason, and then listens to none', () => {
  const [cancelled, lost] = [new AbortController(), new AbortController()];
  const { signal } = firstOf([cancelled.signal, lost.signal]);
  const before = signal.aborted;

  lost.abort(new Error('the lease is lost'));
  cancelled.abort(new Error('cancelled'));

  expect(before).toBe(false);
  expect(signal.aborted).toBe(true);
  expect(signal.reason).toEqual(new Error('the lease is lost'));
  expect(listeners(cancelled, lost)).toEqual([0, 0]);
});

test('one that is over already ends it at once', () => {
  const open = new AbortController();

  const { signal } = firstOf([open.signal, AbortSignal.abort('over')]);

  expect(signal.reason).toBe('over');
  expect(listeners(open)).toEqual([0]);
});

test('released, nothing ends it, and nothing is left on a signal that lasts', () => {
  const lasting = new AbortController();
  const held = Array.from({ length: 20 }, () => firstOf([lasting.signal]));
  const during = listeners(lasting);

  for (const one of held) one.release();
  const after = listeners(lasting);
  lasting.abort();

  expect(during).toEqual([20]);
  expect(after).toEqual([0]);
  expect(held.filter(({ signal }) => signal.aborted)).toEqual([]);
});

test('time ends it as a timeout does; released, its time is not waited for', async () => {
  const [short, released] = [endsAfter(1), endsAfter(1)];
  released.release();

  while (!short.signal.aborted) await sleep(5);

  expect(short.signal.reason).toMatchObject({ name: 'TimeoutError', message: '0.001 s are over' });
  expect(released.signal.aborted).toBe(false);
});
