import { conditionTrue } from '../../changes/condition-true.ts';
import type { FieldEdit } from '../../changes/field-edit.ts';
import { fieldEquals } from '../../changes/field-equals.ts';
import { noUndo, type Plan, plan } from '../../changes/plan.ts';
import { isReadyToStay } from '../../kubernetes/conditions.ts';
import { describeReference } from '../../kubernetes/describe-reference.ts';
import { type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import { textAt, valueAt } from '../../kubernetes/value-at.ts';
import type { PlanContext } from '../define.ts';
import { preconditionFailed } from '../refusal.ts';

export const switchoverIrreversible =
  'the old primary follows the new one now; another failover makes it primary again';

const healthy = 'Cluster in healthy state';

/**
 * Makes another instance of a CloudNativePG cluster its primary, as the operator's own `kubectl cnpg promote` asks for it:
 * the replica that is named, else the first that is ready.
 */
export async function cnpgSwitchover(
  { cluster, target, object, now }: Pick<PlanContext<unknown>, 'cluster' | 'target' | 'object' | 'now'>,
  { replica, force }: { replica: string | undefined; force: boolean },
): Promise<Plan> {
  const named = describeReference(target);
  const primary = textAt(object, ['status', 'currentPrimary']);
  const wanted = textAt(object, ['status', 'targetPrimary']);
  if (object.metadata.deletionTimestamp)
    throw preconditionFailed(`${named} is being deleted since ${object.metadata.deletionTimestamp}`);
  if (!primary) throw preconditionFailed(`${named} has no primary yet`, 'Wait until the operator has set it up');
  if (wanted !== undefined && wanted !== primary && !force) {
    throw preconditionFailed(
      `${named} is switching over to ${wanted} already`,
      'Wait until that is over, or pass force: true to send it elsewhere',
    );
  }
  const { items: pods } = await cluster.list({
    apiVersion: 'v1',
    kind: 'Pod',
    ...(target.namespace ? { namespace: target.namespace } : {}),
    labelSelector: `cnpg.io/cluster=${target.name},cnpg.io/podRole=instance`,
  });
  const chosen = chosenInstance({ named, pods, primary, replica, force });
  const { resourceVersion } = object.metadata;
  const edits: FieldEdit[] =
    chosen.metadata.name === primary && wanted === primary
      ? [edit(object, 'targetPrimary', primary)]
      : [
          edit(object, 'targetPrimary', chosen.metadata.name),
          edit(object, 'targetPrimaryTimestamp', now.toISOString().replace('Z', '000Z')),
          edit(object, 'phase', 'Switchover in progress'),
          edit(object, 'phaseReason', `Switching over to ${chosen.metadata.name}`),
        ];
  return plan({
    changes: [
      {
        kind: 'patch',
        target,
        subresource: 'status',
        ...(resourceVersion ? { resourceVersion } : {}),
        edits,
        // The operator writes the others on as it goes along.
        toldBy: [['status', 'targetPrimary']],
        summary: `Fail ${named} over from ${primary} to ${chosen.metadata.name}`,
      },
    ],
    expect: [
      fieldEquals(target, ['status', 'currentPrimary'], chosen.metadata.name),
      fieldEquals(target, ['status', 'phase'], healthy),
      conditionTrue(referenceTo(chosen), 'Ready'),
    ],
    undo: noUndo(switchoverIrreversible),
  });
}

function chosenInstance(about: {
  named: string;
  pods: readonly KubernetesObject[];
  primary: string;
  replica: string | undefined;
  force: boolean;
}): KubernetesObject {
  const { named, pods, primary, replica, force } = about;
  const names = pods
    .map(({ metadata }) => metadata.name)
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  if (replica === undefined) {
    const ready = names.find(
      (name) => name !== primary && pods.some((pod) => pod.metadata.name === name && isReadyToStay(pod)),
    );
    const first = pods.find(({ metadata }) => metadata.name === ready);
    if (first) return first;
    throw preconditionFailed(
      `${named} has no replica that is ready; its primary is ${primary}`,
      `Its instances are ${names.join(', ') || 'none'}; name one with target_replica and force: true to take one that is not ready`,
    );
  }
  const pod = pods.find(({ metadata }) => metadata.name === replica);
  if (!pod) {
    throw preconditionFailed(`${named} has no instance ${replica}`, `Its instances are ${names.join(', ') || 'none'}`);
  }
  if (replica !== primary && !isReadyToStay(pod) && !force) {
    throw preconditionFailed(
      `Pod ${replica} of ${named} is not ready: it may lack what the primary has`,
      'Choose another, or pass force: true',
    );
  }
  return pod;
}

function edit(object: KubernetesObject, field: string, to: string): FieldEdit {
  const path = ['status', field];
  const from = valueAt(object, path);
  return { path, ...(from === undefined ? {} : { from }), to };
}
