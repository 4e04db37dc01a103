import type { Resource } from '../resource.ts';
import type { Decoded } from '../schema/decode.ts';
import type { Store } from '../store/store.ts';
import type { Faults } from '../validation/faults.ts';

/** One column of `kubectl get`. Priority 1 is shown by `-o wide` alone. */
export interface Column {
  name: string;
  type?: 'string' | 'integer' | 'boolean';
  format?: 'name';
  priority?: 0 | 1;
  cell(object: Resource, now: Date): string | number | boolean;
}

/** A subresource that writes a part of its object: GET, PUT and PATCH of the whole, of which the rest is put back. */
export interface Part {
  /** Puts back whatever such a write leaves alone. Changes the draft. */
  prepare(draft: Resource, old: Resource): void;
  /** In place of the kind's own validation. */
  validate(draft: Resource, faults: Faults, old: Resource): void;
}

/** What a kind of object is to the sandbox. A kind is this declaration and nothing more; add it to `kinds/all.ts`. */
export interface Kind {
  /** Empty for the core group. */
  group: string;
  version: string;
  kind: string;
  plural: string;
  /** Default: the kind in lower case. */
  singular?: string;
  namespaced: boolean;
  shortNames?: string[];
  categories?: string[];
  /** Its definition in schema/definitions.json. */
  type: string;
  /** A kind of a CustomResourceDefinition: how its objects are read from a body. */
  custom?: { schema: unknown; read(body: Record<string, unknown>): Decoded };
  /** Objects that are worked out when they are asked for, rather than stored. Only GET, and no watch. */
  computed?(store: Store): Resource[];
  /** Served, in the order of the API server's own list. Default: all eight. */
  verbs?: string[];
  /** What `metadata.name` may be. Default: subdomain. */
  naming?: 'subdomain' | 'label';
  /** There is a `status` subresource, and writes to the object itself leave the status alone. */
  hasStatus?: boolean;
  /** `metadata.generation` counts the changes of everything but metadata and status. */
  hasGeneration?: boolean;
  /** A change of annotations is a new generation too, though not one by way of the status. */
  countsAnnotations?: boolean;
  /** There is a `scale` subresource; `selector` is what its status reports. */
  scale?: { selector(object: Resource): string };
  /** A replacement has to say which version it replaces. */
  requiresVersion?: boolean;
  /** A PUT to a name that is free creates the object. */
  createsOnUpdate?: boolean;
  /** A deletion answers with the object rather than with a Status. */
  returnsDeleted?: boolean;
  /** Fields that a fieldSelector may name, besides metadata.name and metadata.namespace. */
  fields?: Record<string, (object: Resource) => string>;
  /** How an unknown field of a fieldSelector is refused: these kinds have a conversion of their own that says less. */
  ownFieldRefusal?: boolean;
  /** Objects that another kind serves as well (Events of two groups) are stored under the same name. */
  storage?: string;
  /** Between this kind's form and the stored one, where they differ. */
  convert?: { fromStored(object: Resource): Resource; toStored(object: Resource): Resource };
  /** Fills in what the API server would, on every write. Changes the draft. */
  defaults?(draft: Resource): void;
  /** What admission adds or refuses at creation. Changes the draft; throws a StatusError. */
  admit?(draft: Resource, store: Store): void;
  /** The status of a new object; `given` is the one that was sent with it, which most kinds ignore. */
  initialStatus?(draft: Resource, given: unknown): Record<string, unknown>;
  /** Whatever an update may not touch is put back here, before validation. */
  prepareUpdate?(draft: Resource, old: Resource): void;
  validate?(draft: Resource, faults: Faults, old?: Resource): void;
  /** What admission refuses of an update that is valid. Throws a StatusError. */
  admitUpdate?(draft: Resource, old: Resource, store: Store): void;
  /** Subresources that write a part of the object (a pod's `resize`). */
  parts?: Record<string, Part>;
  columns: Column[];
}

export const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

export function apiVersionOf(kind: Pick<Kind, 'group' | 'version'>): string {
  return kind.group ? `${kind.group}/${kind.version}` : kind.version;
}

/** Under which name the store keeps the kind's objects. */
export function storageOf(kind: Kind): string {
  return kind.storage ?? `${kind.group}/${kind.plural}`;
}
