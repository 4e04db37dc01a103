import type { Resource } from '../resource.ts';

/** One change, as watches and controllers see it. */
export interface Change {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  storage: string;
  revision: number;
  object: Resource;
  /** What was there before; absent for ADDED. */
  previous?: Resource;
}

type Listener = (change: Change) => void;

/** Changes kept for watches that start in the past; older ones are answered with 410. */
const HISTORY_LIMIT = 10_000;

/**
 * All objects of the cluster, in memory, under one growing revision. Everything is synchronous, so that a check and the write
 * that relies on it can't be parted. Objects handed out are shared and must not be changed.
 */
export class Store {
  readonly now: () => Date;
  readonly uuid: () => string;
  #revision = 1;
  /** Revision of the newest change that the history no longer has. */
  #forgotten = 1;
  readonly #tables = new Map<string, Map<string, Resource>>();
  readonly #sorted = new Map<string, string[]>();
  readonly #dependents = new Map<string, Map<string, { storage: string; key: string }>>();
  readonly #history: Change[] = [];
  readonly #listeners = new Set<Listener>();

  readonly #historyLimit: number;

  constructor(given: { now: () => Date; uuid: () => string; historyLimit?: number }) {
    this.#historyLimit = given.historyLimit ?? HISTORY_LIMIT;
    this.now = given.now;
    this.uuid = given.uuid;
  }

  get revision(): number {
    return this.#revision;
  }

  /** The oldest revision from which a watch can still start. */
  get oldest(): number {
    return this.#forgotten;
  }

  /** The time as the API writes it: whole seconds. */
  timestamp(): string {
    return `${this.now().toISOString().slice(0, 19)}Z`;
  }

  get(storage: string, namespace: string | undefined, name: string): Resource | undefined {
    return this.#tables.get(storage)?.get(keyOf(namespace, name));
  }

  /** All objects of a kind, or those of one namespace, by namespace and name. */
  list(storage: string, namespace?: string): Resource[] {
    const table = this.#tables.get(storage);
    if (!table) return [];
    let keys = this.#sorted.get(storage);
    if (!keys) {
      keys = [...table.keys()].sort();
      this.#sorted.set(storage, keys);
    }
    const result: Resource[] = [];
    const prefix = namespace === undefined ? '' : `${namespace}/`;
    for (const key of keys) {
      const object = key.startsWith(prefix) ? table.get(key) : undefined;
      if (object) result.push(object);
    }
    return result;
  }

  storages(): string[] {
    return [...this.#tables.keys()];
  }

  /** The objects that name the UID as an owner. */
  dependentsOf(uid: string): { storage: string; object: Resource }[] {
    const result: { storage: string; object: Resource }[] = [];
    for (const { storage, key } of this.#dependents.get(uid)?.values() ?? []) {
      const object = this.#tables.get(storage)?.get(key);
      if (object) result.push({ storage, object });
    }
    return result;
  }

  /** Stores the object under the next revision, which is put into its metadata. */
  put(storage: string, object: Resource): Resource {
    const table = this.#tables.get(storage) ?? new Map<string, Resource>();
    this.#tables.set(storage, table);
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const previous = table.get(key);
    const stored = this.#stamped(object);
    table.set(key, stored);
    if (previous) this.#unlink(storage, key, previous);
    else this.#sorted.delete(storage);
    this.#link(storage, key, stored);
    this.#tell({
      type: previous ? 'MODIFIED' : 'ADDED',
      storage,
      revision: this.#revision,
      object: stored,
      ...(previous ? { previous } : {}),
    });
    return stored;
  }

  /** Removes the object; returns its last state under the revision of the removal. */
  remove(storage: string, object: Resource): Resource {
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const previous = this.#tables.get(storage)?.get(key);
    if (!previous) return object;
    this.#tables.get(storage)?.delete(key);
    this.#sorted.delete(storage);
    this.#unlink(storage, key, previous);
    const last = this.#stamped(object);
    this.#tell({ type: 'DELETED', storage, revision: this.#revision, object: last, previous });
    return last;
  }

  /** Changes after the revision, oldest first, of one kind. The caller has compared it with `oldest`. */
  since(revision: number, storage: string): Change[] {
    return this.#history.filter((change) => change.revision > revision && change.storage === storage);
  }

  /** Calls the listener with every change from now on; returns how to stop. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** How many listen: controllers and open watches. */
  get listeners(): number {
    return this.#listeners.size;
  }

  #stamped(object: Resource): Resource {
    this.#revision += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } };
  }

  #tell(change: Change): void {
    this.#history.push(change);
    // Dropped in batches: shifting one by one costs more than keeping a few too many.
    if (this.#history.length > this.#historyLimit * 1.1) {
      const dropped = this.#history.splice(0, this.#history.length - this.#historyLimit);
      this.#forgotten = dropped.at(-1)?.revision ?? this.#forgotten;
    }
    for (const listener of this.#listeners) listener(change);
  }

  #link(storage: string, key: string, object: Resource): void {
    for (const owner of object.metadata.ownerReferences ?? []) {
      const known = this.#dependents.get(owner.uid) ?? new Map<string, { storage: string; key: string }>();
      known.set(`${storage} ${key}`, { storage, key });
      this.#dependents.set(owner.uid, known);
    }
  }

  #unlink(storage: string, key: string, object: Resource): void {
    for (const owner of object.metadata.ownerReferences ?? []) {
      const known = this.#dependents.get(owner.uid);
      known?.delete(`${storage} ${key}`);
      if (known?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}

function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}
