import { type ContainerState, containerStatesOf, type Termination } from '../../kubernetes/container-state.ts';
import type { Json, JsonObject, KubernetesObject, ObjectReference } from '../../kubernetes/object.ts';
import { isReadyToStay } from '../../kubernetes/conditions.ts';
import { listAt, textAt, valueAt } from '../../kubernetes/value-at.ts';

/** Which object it is. */
export function referenceSummary({ kind, namespace, name, uid }: ObjectReference): JsonObject {
  return present({ kind, namespace, name, uid });
}

/** A pod in a report: where it is, how it fares, and what its containers do. */
export function podSummary(pod: KubernetesObject): JsonObject {
  return present({
    name: pod.metadata.name,
    namespace: pod.metadata.namespace,
    uid: pod.metadata.uid,
    created_at: pod.metadata.creationTimestamp,
    terminating_since: pod.metadata.deletionTimestamp,
    phase: textAt(pod, ['status', 'phase']),
    reason: textAt(pod, ['status', 'reason']),
    message: textAt(pod, ['status', 'message']),
    ready: isReadyToStay(pod),
    node: textAt(pod, ['spec', 'nodeName']),
    conditions: conditionsOf(pod),
    containers: containerStatesOf(pod).map((state) => containerSummary(state, pod)),
  });
}

/** A node in a report: whether pods can run there, and how much room it has. */
export function nodeSummary(node: KubernetesObject): JsonObject {
  return present({
    name: node.metadata.name,
    unschedulable: valueAt(node, ['spec', 'unschedulable']) === true,
    taints: valueAt(node, ['spec', 'taints']),
    conditions: conditionsOf(node),
    allocatable: valueAt(node, ['status', 'allocatable']),
    kubelet: textAt(node, ['status', 'nodeInfo', 'kubeletVersion']),
    runtime: textAt(node, ['status', 'nodeInfo', 'containerRuntimeVersion']),
  });
}

/** The conditions of an object's status, without their heartbeats. */
export function conditionsOf(object: KubernetesObject): Json[] {
  return listAt(object, ['status', 'conditions']).map((condition) =>
    present({
      type: textAt(condition, ['type']),
      status: textAt(condition, ['status']),
      reason: textAt(condition, ['reason']),
      message: textAt(condition, ['message']),
      since: textAt(condition, ['lastTransitionTime']),
    }),
  );
}

function containerSummary(state: ContainerState, pod: KubernetesObject): JsonObject {
  const { name, kind, ready, restarts, reason, message, termination, lastTermination } = state;
  const specs = [...listAt(pod, ['spec', 'containers']), ...listAt(pod, ['spec', 'initContainers'])];
  const spec = specs.find((container) => textAt(container, ['name']) === name);
  return present({
    name,
    kind,
    image: textAt(spec, ['image']),
    resources: valueAt(spec, ['resources']),
    state: state.state,
    ready,
    restarts,
    reason,
    message,
    exit_code: termination?.exitCode,
    last_termination: lastTermination && terminationSummary(lastTermination),
  });
}

function terminationSummary({ reason, exitCode, message, finishedAt }: Termination): JsonObject {
  return present({ reason, exit_code: exitCode, message, finished_at: finishedAt });
}

/** The members that have a value. */
function present(members: { [name: string]: Json | undefined }): JsonObject {
  return Object.fromEntries(
    Object.entries(members).filter((member): member is [string, Json] => member[1] !== undefined),
  );
}
