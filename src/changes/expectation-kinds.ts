import { allGoneKind } from './all-gone.ts';
import { containerRunningKind } from './container-running.ts';
import type { Expectation, ExpectationKind } from './expectation.ts';
import { fieldEqualsKind } from './field-equals.ts';
import { goneKind } from './gone.ts';
import { nodeEmptiedKind } from './node-emptied.ts';
import { conditionTrueKind } from './condition-true.ts';
import { jobCompleteKind } from './job-complete.ts';
import { podsReplacedKind } from './pods-replaced.ts';
import { readyReplicasKind } from './ready-replicas.ts';
import { renewedKind } from './renewed.ts';
import { rolloutCompleteKind } from './rollout-complete.ts';
import { taintedKind } from './tainted.ts';
import { secretRestoredKind } from './secrets/secret-restored.ts';
import { secretRotatedKind } from './secrets/secret-rotated.ts';
import { snapshotReadyKind } from './snapshot-ready.ts';
import { replacementReadyKind } from './replacement-ready.ts';
import { outOfEndpointsKind } from './out-of-endpoints.ts';
import { resizedKind } from './resized.ts';
import { podsPlacedKind } from './pods-placed.ts';
import { volumeExpandedKind } from './volume-expanded.ts';
import { conditionHoldsKind } from './condition-holds.ts';

const kinds = {
  rollout_complete: rolloutCompleteKind,
  ready_replicas: readyReplicasKind,
  gone: goneKind,
  all_gone: allGoneKind,
  container_running: containerRunningKind,
  field_equals: fieldEqualsKind,
  pods_replaced: podsReplacedKind,
  tainted: taintedKind,
  renewed: renewedKind,
  secret_rotated: secretRotatedKind,
  secret_restored: secretRestoredKind,
  node_emptied: nodeEmptiedKind,
  job_complete: jobCompleteKind,
  condition_true: conditionTrueKind,
  snapshot_ready: snapshotReadyKind,
  replacement_ready: replacementReadyKind,
  out_of_endpoints: outOfEndpointsKind,
  resized: resizedKind,
  pods_placed: podsPlacedKind,
  volume_expanded: volumeExpandedKind,
  condition_holds: conditionHoldsKind,
};

/** The answers for an expectation of any kind. */
export function expectationKind<E extends Expectation>(expectation: E): ExpectationKind<E> {
  return ofItsKind(kinds[expectation.kind]);
}

/** In words, for the operator. */
export function describeExpectation(expectation: Expectation): string {
  return expectationKind(expectation).describe(expectation);
}

/** The table pairs each kind with its own expectation, a relation that the index type loses. */
function ofItsKind<E extends Expectation>(kind: unknown): ExpectationKind<E> {
  return kind as ExpectationKind<E>;
}
