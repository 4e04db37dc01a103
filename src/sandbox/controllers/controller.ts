import type { Change, Store } from '../store/store.ts';
import type { EventRecorder } from './event-recorder.ts';

/** What every controller works with. */
export interface ControllerContext {
  store: Store;
  events: EventRecorder;
  /** Reconciles the key again after that long; a second call for the key replaces the first. */
  later(key: string, milliseconds: number): void;
}

/** Keeps one aspect of the cluster as it is asked for. */
export interface Controller {
  name: string;
  /** Which keys a change concerns. */
  keys(change: Change): string[];
  /** Takes one step for the key; called again when its own writes change something. Safe to repeat. */
  reconcile(key: string): void;
}

export type ControllerFactory = (context: ControllerContext) => Controller;

export function keyOf(object: { metadata: { namespace?: string; name: string } }): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
