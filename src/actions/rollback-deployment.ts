import * as z from 'zod';
import { fieldEquals } from '../changes/field-equals.ts';
import type { FieldEdit } from '../changes/field-edit.ts';
import { sameValue } from '../changes/field-edit.ts';
import { plan } from '../changes/plan.ts';
import { rolledOut } from '../changes/rollout-complete.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import { ownedRevisions, type Revision, templateOf } from '../kubernetes/revisions.ts';
import { numberAt, textAt } from '../kubernetes/value-at.ts';
import { defineAction } from './define.ts';
import { wholeNumber } from './parameters.ts';
import { partitionWarnings, refuseHaltedRollout } from './planning/rollout-preconditions.ts';
import { preconditionFailed } from './refusal.ts';

const field = ['spec', 'template'];

export const rollbackDeployment = defineAction({
  name: 'rollback_deployment',
  summary: 'Give a workload the pod template of an earlier revision, as `kubectl rollout undo` does.',
  targets: ['Deployment', 'StatefulSet', 'DaemonSet'],
  risk: 'medium',
  again: 'acts',
  parameters: z.strictObject({
    revision: wholeNumber({ min: 1, max: Number.MAX_SAFE_INTEGER })
      .optional()
      .describe('Revision to go back to (default: the one before the newest)'),
  }),
  refuses: [
    'a workload that has only one revision',
    'a revision that is unknown or is the current one',
    'a paused Deployment',
    'one whose update strategy is `OnDelete`, because its pods would stay as they are',
  ],
  permissions: [
    {
      apiGroups: ['apps'],
      resources: ['deployments', 'statefulsets', 'daemonsets'],
      verbs: ['list', 'watch', 'patch'],
    },
    { apiGroups: ['apps'], resources: ['replicasets', 'controllerrevisions'], verbs: ['list'] },
  ],
  examples: [
    { target: 'production/deployment/web-server', parameters: {} },
    { target: 'production/deployment/web-server', parameters: { revision: 1 } },
  ],

  async plan({ cluster, target, object, parameters }) {
    refuseHaltedRollout(object, 'a rollback');
    const current = templateOf(object);
    const revision = chosen(object, await ownedRevisions(cluster, object), parameters.revision);
    if (sameValue(revision.template, current)) {
      throw preconditionFailed(
        `${describeReference(target)} is at revision ${revision.number} already`,
        'Name another revision; kubectl rollout history lists them',
      );
    }
    const { resourceVersion } = object.metadata;
    return plan({
      changes: [
        {
          kind: 'patch',
          target,
          ...(resourceVersion ? { resourceVersion } : {}),
          edits: [{ path: field, from: current, to: revision.template }, ...annotationEdits(object, revision)],
          summary: `Roll ${describeReference(target)} back to revision ${revision.number}`,
        },
      ],
      expect: [rolledOut(target), fieldEquals(target, field, revision.template)],
      undoExpect: [rolledOut(target)],
      warnings: [...partitionWarnings(object), ...stuckWarnings(object)],
      result: { revision: revision.number },
    });
  },
});

/** The revision asked for, or the one before the newest. */
function chosen(workload: KubernetesObject, revisions: Revision[], wanted: number | undefined): Revision {
  const named = describeReference(referenceTo(workload));
  const numbers = revisions.map(({ number }) => number).join(', ');
  const revision = wanted === undefined ? revisions.at(-2) : revisions.find(({ number }) => number === wanted);
  if (revision && revisions.length > 1) return revision;
  if (revisions.length <= 1) {
    throw preconditionFailed(
      `${named} has ${revisions.length === 0 ? 'no revision' : `only revision ${numbers}`}: there is nothing to go back to`,
      'Its revisionHistoryLimit says how many are kept',
    );
  }
  throw preconditionFailed(`${named} has no revision ${wanted}; it has ${numbers}`, 'Name one of these');
}

/** The annotations of a Deployment that stay as they are; all others become those of the ReplicaSet rolled back to. */
const keptAnnotations = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deployment.kubernetes.io/revision',
  'deployment.kubernetes.io/revision-history',
  'deployment.kubernetes.io/desired-replicas',
  'deployment.kubernetes.io/max-replicas',
  'deprecated.deployment.rollback.to',
]);

/** One edit for each, because the controller writes to its own ones of the same map afterwards. */
function annotationEdits(workload: KubernetesObject, { keptBy }: Revision): FieldEdit[] {
  if (workload.kind !== 'Deployment') return [];
  const before = workload.metadata.annotations ?? {};
  const after = keptBy.metadata.annotations ?? {};
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys]
    .filter((key) => !keptAnnotations.has(key) && before[key] !== after[key])
    .map((key) => ({
      path: ['metadata', 'annotations', key],
      ...(before[key] === undefined ? {} : { from: before[key] }),
      ...(after[key] === undefined ? {} : { to: after[key] }),
    }));
}

/** A StatefulSet replaces its pods in order, and waits for ever for one that does not become Ready. */
function stuckWarnings(workload: KubernetesObject): string[] {
  if (workload.kind !== 'StatefulSet' || textAt(workload, ['spec', 'podManagementPolicy']) === 'Parallel') return [];
  const wanted = numberAt(workload, ['spec', 'replicas'], 1);
  const ready = numberAt(workload, ['status', 'readyReplicas']);
  if (ready >= wanted) return [];
  return [
    `${wanted - ready} of ${wanted} pods are not ready; a StatefulSet may wait for such a pod for ever, until restart_pod removes it`,
  ];
}
