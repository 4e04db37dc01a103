import { kinds } from '../kinds/all.ts';
import { horizontalPodAutoscalers } from '../kinds/horizontal-pod-autoscaler.ts';
import { apiVersionOf, storageOf } from '../kinds/kind.ts';
import { type Resource, as, at, child } from '../resource.ts';
import type { Condition } from '../shapes.ts';
import type { Change } from '../store/store.ts';
import { updateObject } from '../write/update-object.ts';
import { withCondition } from './conditions.ts';
import { type ControllerFactory, keyOf, splitKey } from './controller.ts';
import { writeStatus } from './pods.ts';

const STORAGE = storageOf(horizontalPodAutoscalers);

/** Holds a workload between the autoscaler's bounds. Usage is not measured here, and the autoscaler's conditions say so. */
export const autoscalerController: ControllerFactory = ({ store, events }) => {
  return { name: 'horizontal-pod-autoscaler', keys, reconcile };

  function keys(change: Change): string[] {
    if (change.storage === STORAGE) return change.type === 'DELETED' ? [] : [keyOf(change.object)];
    if (!change.storage.startsWith('apps/')) return [];
    const { namespace, name } = change.object.metadata;
    return store
      .list(STORAGE, namespace)
      .filter(
        (scaler) =>
          at(scaler, 'spec', 'scaleTargetRef', 'name') === name &&
          at(scaler, 'spec', 'scaleTargetRef', 'kind') === change.object.kind,
      )
      .map(keyOf);
  }

  function reconcile(key: string): void {
    const { namespace, name } = splitKey(key);
    const scaler = store.get(STORAGE, namespace, name);
    if (!scaler) return;
    const reference = at(scaler, 'spec', 'scaleTargetRef');
    const kind = kinds.find(
      (entry) =>
        entry.scale && entry.kind === at(reference, 'kind') && apiVersionOf(entry) === at(reference, 'apiVersion'),
    );
    const target = kind && store.get(storageOf(kind), namespace, String(at(reference, 'name')));
    if (!kind || !target)
      return report(scaler, 0, [
        {
          type: 'AbleToScale',
          status: 'False',
          reason: 'FailedGetScale',
          message: "the HPA controller was unable to get the target's current scale",
        },
      ]);
    const current = Number(at(target, 'spec', 'replicas') ?? 0);
    const bounded = within(current, scaler);
    if (current > 0 && bounded !== current) {
      updateObject(
        store,
        { kind, namespace, name: target.metadata.name },
        (draft) => void (child(draft, 'spec').replicas = bounded),
      );
      const reason =
        bounded < current
          ? 'Current number of replicas above Spec.MaxReplicas'
          : 'Current number of replicas below Spec.MinReplicas';
      events.record(scaler, {
        type: 'Normal',
        reason: 'SuccessfulRescale',
        message: `New size: ${bounded}; reason: ${reason}`,
        component: 'horizontal-pod-autoscaler',
      });
    }
    const scaling: Condition =
      current === 0
        ? {
            type: 'ScalingActive',
            status: 'False',
            reason: 'ScalingDisabled',
            message: 'scaling is disabled since the replica count of the target is zero',
          }
        : {
            type: 'ScalingActive',
            status: 'False',
            reason: 'FailedGetResourceMetric',
            message: 'the HPA was unable to compute the replica count: the sandbox serves no resource metrics',
          };
    report(
      scaler,
      current === 0 ? 0 : bounded,
      [
        {
          type: 'AbleToScale',
          status: 'True',
          reason: 'SucceededGetScale',
          message: "the HPA controller was able to get the target's current scale",
        },
        scaling,
      ],
      Number(at(target, 'status', 'replicas') ?? 0),
    );
  }

  function report(scaler: Resource, desiredReplicas: number, said: Condition[], currentReplicas = 0): void {
    const now = store.timestamp();
    const before = as<Condition[] | undefined>(at(scaler, 'status', 'conditions'));
    const conditions = said.reduce((list, condition) => withCondition(list, condition, now), before);
    writeStatus(store, horizontalPodAutoscalers, scaler, {
      currentReplicas,
      desiredReplicas,
      currentMetrics: null,
      conditions,
    });
  }
};

function within(replicas: number, scaler: Resource): number {
  const minimum = Number(at(scaler, 'spec', 'minReplicas') ?? 1);
  const maximum = Number(at(scaler, 'spec', 'maxReplicas') ?? replicas);
  return Math.min(maximum, Math.max(minimum, replicas));
}
