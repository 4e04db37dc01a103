import type { FieldEdit } from '../../changes/field-edit.ts';
import { noUndo, type Plan, plan } from '../../changes/plan.ts';
import { containerStatesOf } from '../../kubernetes/container-state.ts';
import { describeReference } from '../../kubernetes/describe-reference.ts';
import type { Json, KubernetesObject } from '../../kubernetes/object.ts';
import { referenceTo } from '../../kubernetes/object.ts';
import { listAt, textAt } from '../../kubernetes/value-at.ts';

const field = ['spec', 'ephemeralContainers'];

/** Plans an ephemeral container beside the one to be looked into, which shares its processes, and waits for a terminal. */
export function debugContainer(
  pod: KubernetesObject,
  { image, container, lastsMs }: { image: string; container: string; lastsMs: number | undefined },
): Plan {
  const target = referenceTo(pod);
  const existing = listAt(pod, field);
  const running = runningAlready(pod, existing, { image, container });
  const name = running ?? `debug-${existing.length + 1}`;
  const { resourceVersion } = pod.metadata;
  return plan({
    changes: [
      {
        kind: 'patch',
        target,
        subresource: 'ephemeralcontainers',
        ...(resourceVersion ? { resourceVersion } : {}),
        edits: [added(existing, running === undefined ? ephemeral(name, image, container) : undefined)],
        summary: `Add the ephemeral container ${name} (${image}) to ${describeReference(target)}`,
      },
    ],
    expect: [{ kind: 'container_running', target, container: name }],
    undo: noUndo("an ephemeral container can't be taken out of a pod; it ends with its process, and goes with the pod"),
    ...(running === undefined ? { undoAfterMs: lastsMs } : {}),
    warnings:
      running === undefined
        ? [`Reach it by: kubectl attach -it -n ${target.namespace ?? ''} ${target.name} -c ${name}`]
        : [`The ephemeral container ${running} of this image runs already`],
    result: { container: name },
  });
}

function added(existing: Json[], more: Json | undefined): FieldEdit {
  const to = more === undefined ? existing : [...existing, more];
  return { path: field, ...(existing.length > 0 ? { from: existing } : {}), ...(to.length > 0 ? { to } : {}) };
}

/** With what the API server would fill in, so that it can be told afterwards whether it is there. */
function ephemeral(name: string, image: string, targetContainerName: string): Json {
  return {
    name,
    image,
    targetContainerName,
    imagePullPolicy: 'IfNotPresent',
    stdin: true,
    tty: true,
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    resources: {},
  };
}

function runningAlready(
  pod: KubernetesObject,
  existing: readonly Json[],
  { image, container }: { image: string; container: string },
): string | undefined {
  const running = containerStatesOf(pod).flatMap(({ name, state }) => (state === 'running' ? [name] : []));
  const same = existing.find(
    (each) =>
      textAt(each, ['image']) === image &&
      textAt(each, ['targetContainerName']) === container &&
      running.includes(textAt(each, ['name']) ?? ''),
  );
  return textAt(same, ['name']);
}
