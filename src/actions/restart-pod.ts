import * as z from 'zod';
import type { Change } from '../changes/change.ts';
import { gone } from '../changes/gone.ts';
import { noUndo, type Plan, plan } from '../changes/plan.ts';
import { type PodsReplaced, podsReplaced } from '../changes/pods-replaced.ts';
import { isReadyToStay } from '../kubernetes/conditions.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { controllerOf, type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import { type Owner, ownerChain } from '../kubernetes/owner-chain.ts';
import { finishedPhase, isMirrorPod } from '../kubernetes/pod-state.ts';
import { selectorTextOf } from '../kubernetes/selector-of.ts';
import { numberAt } from '../kubernetes/value-at.ts';
import { defineAction, type PlanContext } from './define.ts';
import { gracePeriodSeconds } from './parameters.ts';

import { podsOf } from './planning/pods-of-workload.ts';
import { preconditionFailed } from './refusal.ts';

const parameters = z.strictObject({
  grace_period_seconds: gracePeriodSeconds,
  force: z
    .boolean()
    .default(false)
    .describe('Delete instead of evict: budgets are not asked, and a pod without a controller is deleted for good'),
});
type Parameters = z.output<typeof parameters>;

const irreversible = "a pod that is gone can't be brought back; its controller makes a new one";

export const restartPod = defineAction<Parameters>({
  name: 'restart_pod',
  summary: 'Replace a pod, or all pods of a workload one after another, within its disruption budgets.',
  targets: ['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'],
  risk: 'low',
  again: 'acts',
  irreversible,
  cooldownClass: 'restart',
  parameters,
  refuses: [
    'a pod without a controller, unless `force` is true (it would be a deletion)',
    'a mirror pod, which belongs to the kubelet of its node',
    'a pod that is terminating already or has finished',
    'a Deployment in the middle of a rollout',
  ],
  permissions: [
    { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch', 'delete'] },
    { apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] },
  ],
  examples: [
    { target: 'production/deployment/web-server', parameters: {} },
    { target: 'production/deployment/web-server', parameters: { force: true, grace_period_seconds: 10 } },
  ],

  plan: (context) => (context.object.kind === 'Pod' ? planOne(context) : planAll(context)),
});

async function planOne({ cluster, object: pod, parameters }: PlanContext<Parameters>): Promise<Plan> {
  refuseUnrestartable(pod, parameters);
  const owners = await ownerChain(cluster, pod, ['ReplicaSet', 'StatefulSet', 'DaemonSet']);
  const common = {
    changes: [removal(pod, parameters)],
    undo: noUndo(irreversible),
    holds: owners.map(({ reference }) => reference),
  };
  const controller = owners[0]?.object;
  if (!controller) return plan({ ...common, expect: [gone(referenceTo(pod))], warnings: unreplaced(owners[0]) });

  const staying = (await podsOf(cluster, controller))
    .map((owned) => owned.pod)
    .filter((other) => other.metadata.uid !== pod.metadata.uid && isReadyToStay(other));
  return plan({ ...common, expect: [replaced(controller, [pod], staying.length + 1)] });
}

/** One pod after another, each once the one before has been replaced; those that serve nobody go first. */
async function planAll({ cluster, target, object, parameters }: PlanContext<Parameters>): Promise<Plan> {
  const running = (await podsOf(cluster, object))
    .filter(({ pod }) => !pod.metadata.deletionTimestamp && !finishedPhase(pod))
    .sort((a, b) => byTurn(a.pod, b.pod));
  const [first] = running;
  if (!first) throw preconditionFailed(`${describeReference(target)} has no running pods to restart`);
  const { controller } = first;
  const others = running.filter((owned) => owned.controller.metadata.uid !== controller.metadata.uid);
  if (others.length > 0) {
    throw preconditionFailed(
      `${describeReference(target)} is in the middle of a rollout: its ${running.length} pods belong to more than one ReplicaSet`,
      'Wait until it is complete, or roll it back first',
    );
  }

  const pods = running.map(({ pod }) => pod);
  const changes: Change[] = pods.flatMap((pod, index) => {
    const ready = pods.slice(index + 1).filter(isReadyToStay).length + index + 1;
    return [removal(pod, parameters), { kind: 'wait', target, until: replaced(controller, [pod], ready) }];
  });
  return plan({
    // The last wait is the expectation.
    changes: changes.slice(0, -1),
    expect: [replaced(controller, pods, pods.length)],
    undo: noUndo(irreversible),
    holds: [target, referenceTo(controller)],
  });
}

function refuseUnrestartable(pod: KubernetesObject, { force }: Parameters): void {
  const named = describeReference(referenceTo(pod));
  const phase = finishedPhase(pod);
  if (isMirrorPod(pod)) {
    throw preconditionFailed(
      `${named} is a mirror pod: the kubelet runs it from a file on its node, and deleting its mirror restarts nothing`,
      'Change its manifest on the node instead',
    );
  }
  if (pod.metadata.deletionTimestamp) {
    throw preconditionFailed(`${named} is terminating already, since ${pod.metadata.deletionTimestamp}`);
  }
  if (phase) throw preconditionFailed(`${named} has finished (${phase}): there is nothing to restart`);
  if (!controllerOf(pod) && !force) {
    throw preconditionFailed(
      `${named} has no controller: nothing would make it again`,
      'Pass force: true to delete it all the same',
    );
  }
}

function removal(pod: KubernetesObject, { force, grace_period_seconds: grace }: Parameters): Change {
  return {
    kind: force ? 'delete' : 'evict',
    target: referenceTo(pod),
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
  };
}

/** A controller makes no more pods than it is asked for: no more than those can become ready. */
function replaced(controller: KubernetesObject, pods: KubernetesObject[], ready: number): PodsReplaced {
  const wanted = numberAt(controller, ['spec', 'replicas'], Number.POSITIVE_INFINITY);
  return podsReplaced({
    owner: referenceTo(controller),
    selector: selectorTextOf(controller) ?? '',
    replaced: pods.flatMap(({ metadata }) => metadata.uid ?? []),
    ready: Math.min(ready, wanted),
  });
}

function unreplaced(owner: Owner | undefined): string[] {
  if (!owner) return ['The pod has no controller: nothing will make it again'];
  const { kind } = owner.reference;
  const named = describeReference(owner.reference);
  return [
    kind === 'Job'
      ? `${named} counts the pod as a failed try, and its backoffLimit says whether it makes another`
      : `Only that the old pod is gone is verified: whether ${named} makes another is its own affair`,
  ];
}

/** Pods that are not ready first, then from the highest ordinal down, as a rolling update goes. */
function byTurn(a: KubernetesObject, b: KubernetesObject): number {
  return (
    Number(isReadyToStay(a)) - Number(isReadyToStay(b)) ||
    b.metadata.name.localeCompare(a.metadata.name, 'en', { numeric: true })
  );
}
