import type { ObjectQuery } from '../kubernetes/cluster.ts';
import type { KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import type { Permission } from '../kubernetes/permission.ts';
import type { AllGone } from './all-gone.ts';
import type { ContainerRunning } from './container-running.ts';
import type { FieldEquals } from './field-equals.ts';
import type { Gone } from './gone.ts';
import type { NodeEmptied } from './node-emptied.ts';
import type { ConditionTrue } from './condition-true.ts';
import type { JobComplete } from './job-complete.ts';
import type { PodsReplaced } from './pods-replaced.ts';
import type { ReadyReplicas } from './ready-replicas.ts';
import type { Renewed } from './renewed.ts';
import type { RolloutComplete } from './rollout-complete.ts';
import type { Tainted } from './tainted.ts';
import type { SecretRestored } from './secrets/secret-restored.ts';
import type { SecretRotated } from './secrets/secret-rotated.ts';
import type { SnapshotReady } from './snapshot-ready.ts';
import type { ReplacementReady } from './replacement-ready.ts';
import type { OutOfEndpoints } from './out-of-endpoints.ts';
import type { Resized } from './resized.ts';
import type { PodsPlaced } from './pods-placed.ts';
import type { VolumeExpanded } from './volume-expanded.ts';
import type { ConditionHolds } from './condition-holds.ts';

/** A condition that must hold once the changes are made. Plain JSON. */
export type Expectation =
  | RolloutComplete
  | ReadyReplicas
  | Gone
  | AllGone
  | ContainerRunning
  | FieldEquals
  | PodsReplaced
  | NodeEmptied
  | Tainted
  | Renewed
  | SecretRotated
  | SecretRestored
  | JobComplete
  | ConditionTrue
  | SnapshotReady
  | ConditionHolds
  | ReplacementReady
  | PodsPlaced
  | OutOfEndpoints
  | Resized
  | VolumeExpanded;

/** `detail` says what is still missing, or why it will never hold. */
export type Judgement = { state: 'holds' } | { state: 'waiting'; detail: string } | { state: 'failed'; detail: string };

export interface ExpectationKind<E> {
  describe(expectation: E): string;
  permissions(expectation: E): Permission[];
  /** What has to be watched to judge it. */
  query(expectation: E): ObjectQuery;
  /** Where given: these are read by name, again and again, in the place of a list and a watch. */
  byName?(expectation: E): ObjectReference[];
  /** Pure: judges from the objects that the query gives. */
  judge(expectation: E, objects: readonly KubernetesObject[]): Judgement;
}
