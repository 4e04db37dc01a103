import { type Plan, plan } from '../../changes/plan.ts';
import { rolledOut } from '../../changes/rollout-complete.ts';
import { describeReference } from '../../kubernetes/describe-reference.ts';
import { type Json, type JsonObject, type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import { listAt, textAt } from '../../kubernetes/value-at.ts';
import { partitionWarnings, refuseHaltedRollout } from './rollout-preconditions.ts';

const field = ['spec', 'template', 'spec', 'containers'];

/** Plans an environment variable of one container in a workload's template; its value before is the undo. */
export function debugVariable(
  workload: KubernetesObject,
  { container, name, value, lastsMs }: { container: string; name: string; value: string; lastsMs: number | undefined },
): Plan {
  refuseHaltedRollout(workload, 'the new variable');
  const target = referenceTo(workload);
  const from = listAt(workload, field);
  const to = from.map((each) => (textAt(each, ['name']) === container ? withVariable(each, { name, value }) : each));
  const { resourceVersion } = workload.metadata;
  return plan({
    changes: [
      {
        kind: 'patch',
        target,
        ...(resourceVersion ? { resourceVersion } : {}),
        edits: [{ path: field, from, to }],
        summary: `Set ${name}=${value} in container ${container} of ${describeReference(target)}`,
      },
    ],
    expect: [rolledOut(target)],
    undoExpect: [rolledOut(target)],
    undoAfterMs: lastsMs,
    warnings: partitionWarnings(workload),
  });
}

/** In its place where the variable is there already, whatever gave its value; else as the last. */
function withVariable(container: Json, variable: { name: string; value: string }): Json {
  const env = listAt(container, ['env']);
  const index = env.findIndex((each) => textAt(each, ['name']) === variable.name);
  return { ...asObject(container), env: index < 0 ? [...env, variable] : env.with(index, variable) };
}

/** A container is an object by the API's own schema. */
function asObject(container: Json): JsonObject {
  return container as JsonObject;
}
