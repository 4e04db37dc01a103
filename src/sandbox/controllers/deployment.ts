import { controllerOf } from '../../kubernetes/object.ts';
import { deployments } from '../kinds/deployment.ts';
import { storageOf } from '../kinds/kind.ts';
import { replicaSets } from '../kinds/replica-set.ts';
import { as } from '../resource.ts';
import type { Deployment } from '../shapes.ts';
import type { Change } from '../store/store.ts';
import { type ControllerFactory, keyOf, splitKey } from './controller.ts';
import { reportDeployment } from './deployment-status.ts';
import { createRollout } from './deployment-rollout.ts';
import { claimReplicaSets } from './replica-sets-of.ts';
import { POD_STORAGE, ownerKeys } from './pods.ts';

const STORAGE = storageOf(deployments);
const SETS = storageOf(replicaSets);

/** Rolls a Deployment out over ReplicaSets. */
export const deploymentController: ControllerFactory = (context) => {
  const { store, later } = context;
  const rollout = createRollout(context);
  return { name: 'deployment-controller', keys, reconcile };

  function keys(change: Change): string[] {
    if (change.storage === STORAGE) return [keyOf(change.object)];
    if (change.storage === SETS)
      return [
        ...new Set([
          ...ownerKeys(change.object, deployments),
          ...(change.previous ? ownerKeys(change.previous, deployments) : []),
        ]),
      ];
    // Recreate waits for the last old pod to be gone.
    if (change.storage !== POD_STORAGE || change.type !== 'DELETED') return [];
    const owner = controllerOf(change.object);
    const set =
      owner?.kind === 'ReplicaSet' ? store.get(SETS, change.object.metadata.namespace, owner.name) : undefined;
    return set ? ownerKeys(set, deployments) : [];
  }

  function reconcile(key: string): void {
    const { namespace, name } = splitKey(key);
    const found = store.get(STORAGE, namespace, name);
    if (!found) return;
    const deployment = as<Deployment>(found);
    if (!deployment.metadata.deletionTimestamp) rollout(deployment, claimReplicaSets(store, deployment));
    const after = store.get(STORAGE, namespace, name);
    if (!after) return;
    const waitMs = reportDeployment(store, as<Deployment>(after), claimReplicaSets(store, as<Deployment>(after)));
    if (waitMs > 0) later(key, waitMs);
  }
};
