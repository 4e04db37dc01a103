import type { Store } from '../store/store.ts';
import type { Controller, ControllerFactory } from './controller.ts';
import { createEventRecorder } from './event-recorder.ts';

/** Reconciled in one turn of the event loop, so that requests are answered in between. */
const TURN_LIMIT = 200;
const RETRY_MS = 500;
const RETRY_LIMIT = 10;

/** Runs the controllers on every change of the store; nothing happens while nothing changes. Returns how to stop them. */
export function runControllers(
  store: Store,
  factories: ControllerFactory[],
  log: (message: string) => void,
): () => void {
  const waiting = new Map<string, { controller: Controller; key: string }>();
  const timers = new Map<string, NodeJS.Timeout>();
  const failures = new Map<string, number>();
  const events = createEventRecorder(store);
  let turn: NodeJS.Immediate | undefined;
  let stopped = false;

  const controllers = factories.map((factory) => {
    const controller: Controller = factory({
      store,
      events,
      later: (key, milliseconds) => later(controller, key, milliseconds),
    });
    return controller;
  });
  for (const storage of store.storages()) {
    for (const object of store.list(storage))
      for (const controller of controllers)
        for (const key of controller.keys({ type: 'ADDED', storage, object, revision: 0 })) enqueue(controller, key);
  }
  const unsubscribe = store.subscribe((change) => {
    for (const controller of controllers) for (const key of controller.keys(change)) enqueue(controller, key);
  });

  return () => {
    stopped = true;
    unsubscribe();
    for (const timer of timers.values()) clearTimeout(timer);
    if (turn) clearImmediate(turn);
  };

  function enqueue(controller: Controller, key: string): void {
    if (stopped) return;
    waiting.set(`${controller.name} ${key}`, { controller, key });
    turn ??= setImmediate(takeTurn);
  }

  function later(controller: Controller, key: string, milliseconds: number): void {
    const id = `${controller.name} ${key}`;
    clearTimeout(timers.get(id));
    if (stopped) return;
    const timer = setTimeout(() => {
      timers.delete(id);
      enqueue(controller, key);
    }, milliseconds);
    timers.set(id, timer);
  }

  function takeTurn(): void {
    turn = undefined;
    let left = TURN_LIMIT;
    for (const [id, { controller, key }] of waiting) {
      waiting.delete(id);
      attempt(id, controller, key);
      left -= 1;
      if (left === 0) break;
    }
    if (waiting.size > 0) turn ??= setImmediate(takeTurn);
  }

  /** A refusal (a quota, a namespace going away) is tried again a few times, then left until the next change. */
  function attempt(id: string, controller: Controller, key: string): void {
    try {
      controller.reconcile(key);
      failures.delete(id);
    } catch (error) {
      const count = (failures.get(id) ?? 0) + 1;
      failures.set(id, count);
      if (count <= RETRY_LIMIT) later(controller, key, RETRY_MS);
      else failures.delete(id);
      if (count === 1)
        log(`sandbox: ${controller.name} ${key}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
