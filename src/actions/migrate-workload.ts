import * as z from 'zod';
import { type Plan, plan } from '../changes/plan.ts';
import { podsPlaced } from '../changes/pods-placed.ts';
import { rolledOut } from '../changes/rollout-complete.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { nameFault } from '../kubernetes/names.ts';
import { hostnameLabel, hostnameOf, narrowedTerms } from '../kubernetes/node-affinity.ts';
import type { FieldEdit } from '../changes/field-edit.ts';
import type { Json, JsonObject, KubernetesObject } from '../kubernetes/object.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { selectorTextOf } from '../kubernetes/selector-of.ts';
import { listAt, numberAt, valueAt } from '../kubernetes/value-at.ts';
import { defineAction, type PlanContext } from './define.ts';
import { refuseNodeForPods } from './planning/refuse-node-for-pods.ts';
import { refuseHaltedRollout, refusePartition } from './planning/rollout-preconditions.ts';
import { preconditionFailed, Refusal } from './refusal.ts';

const podSpec = ['spec', 'template', 'spec'];
const required = ['affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms'];

const nodeName = z
  .string()
  .check(({ value, issues }) => {
    const message = nameFault(value);
    if (message) issues.push({ code: 'custom', message, input: value });
  })
  .optional();

const parameters = z
  .strictObject({
    target_node: nodeName.describe('Run all pods on this node'),
    away_from_node: nodeName.describe('Run no pod on this node'),
    target_cluster: z.string().max(253).optional().describe('Not supported: a workload stays in its cluster'),
  })
  .refine(
    ({ target_node, away_from_node, target_cluster }) =>
      target_cluster !== undefined || (target_node === undefined) !== (away_from_node === undefined),
    { error: 'must give either target_node or away_from_node' },
  );
type Parameters = z.output<typeof parameters>;

export const migrateWorkload = defineAction<Parameters>({
  name: 'migrate_workload',
  summary: 'Move the pods of a workload to one node, or away from one, by a required node affinity.',
  targets: ['Deployment', 'StatefulSet'],
  risk: 'high',
  again: 'no_op',
  parameters,
  refuses: [
    'a request with neither `target_node` nor `away_from_node`, or with both',
    'a node to go to that is not Ready, is cordoned, has a taint that the pods do not tolerate, or has no room for them',
    'a node to go to that the nodeSelector or the affinity of the pods rules out',
    'a node that does not exist, or has no hostname label',
    'a paused Deployment, an update strategy `OnDelete`, or a StatefulSet with a partition',
    '`target_cluster`',
  ],
  permissions: [
    { apiGroups: ['apps'], resources: ['deployments', 'statefulsets'], verbs: ['list', 'watch', 'patch'] },
    { apiGroups: [''], resources: ['nodes'], verbs: ['get'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
  ],
  examples: [
    { target: 'production/deployment/web-server', parameters: { away_from_node: 'node-3' } },
    { target: 'production/deployment/web-server', parameters: { target_node: 'node-2' } },
  ],

  async plan(context) {
    if (context.parameters.target_cluster !== undefined) {
      throw new Refusal('not_supported', "migrate_workload can't move a workload to another cluster", {
        hint: 'Deploy it there, then scale it down here; target_node and away_from_node move its pods within this cluster',
      });
    }
    return await migration(context);
  },
});

async function migration({ cluster, target, object, parameters }: PlanContext<Parameters>): Promise<Plan> {
  const { target_node: to, away_from_node: away } = parameters;
  refuseHaltedRollout(object, 'a migration');
  refusePartition(object, 'a migration');
  const node = await nodeOf(cluster, to ?? away ?? '');
  const host = hostOf(node);
  const before = listAt(object, [...podSpec, ...required]);
  const after = narrowedTerms(before, to === undefined ? { from: host } : { to: host });
  if (to !== undefined) await refuseNodeForPods(cluster, node, object, after);

  const { resourceVersion } = object.metadata;
  const placed = podsPlaced({
    owner: target,
    selector: selectorTextOf(object) ?? '',
    replicas: numberAt(object, ['spec', 'replicas'], 1),
    ...(to === undefined ? { notOn: node.metadata.name } : { on: node.metadata.name }),
  });
  return plan({
    changes: [
      {
        kind: 'patch',
        target,
        ...(resourceVersion ? { resourceVersion } : {}),
        edits: [affinityEdit(object, after)],
        summary: `Move the pods of ${describeReference(target)} ${to === undefined ? 'away from' : 'to'} node ${node.metadata.name}`,
      },
    ],
    expect: [rolledOut(target), placed],
    undoExpect: [rolledOut(target)],
    warnings: [...volumeWarnings(object), ...(to === undefined ? [] : oneNodeWarnings(object, to))],
  });
}

async function nodeOf(cluster: ClusterReader, name: string): Promise<KubernetesObject> {
  try {
    return await cluster.get({ apiVersion: 'v1', kind: 'Node', name });
  } catch (error) {
    if (!isKubernetesError(error, 'notFound')) throw error;
    throw preconditionFailed(`There is no node ${name}`, 'kubectl get nodes lists them');
  }
}

function hostOf(node: KubernetesObject): string {
  const host = hostnameOf(node);
  if (host) return host;
  throw preconditionFailed(
    `Node ${node.metadata.name} has no label ${hostnameLabel}, by which pods are sent to a node`,
    `kubectl label node ${node.metadata.name} ${hostnameLabel}=${node.metadata.name}`,
  );
}

/** The part of the affinity that is not there yet, as a whole: taken back, no empty frame is left, which is not valid. */
function affinityEdit(workload: KubernetesObject, terms: JsonObject[]): FieldEdit {
  const missing = required.findIndex((_, index) => {
    return valueAt(workload, [...podSpec, ...required.slice(0, index + 1)]) === undefined;
  });
  if (missing < 0) {
    const path = [...podSpec, ...required];
    return { path, from: listAt(workload, path), to: terms };
  }
  const to = required.slice(missing + 1).reduceRight<Json>((inner, key) => ({ [key]: inner }), terms);
  return { path: [...podSpec, ...required.slice(0, missing + 1)], to };
}

function volumeWarnings(workload: KubernetesObject): string[] {
  const claimed = listAt(workload, [...podSpec, 'volumes']).some(
    (volume) => valueAt(volume, ['persistentVolumeClaim']) !== undefined,
  );
  if (!claimed && listAt(workload, ['spec', 'volumeClaimTemplates']).length === 0) return [];
  return ['Its pods use persistent volumes: one that is bound to a node or a zone keeps its pod there'];
}

function oneNodeWarnings(workload: KubernetesObject, node: string): string[] {
  const replicas = numberAt(workload, ['spec', 'replicas'], 1);
  return replicas > 1 ? [`All ${replicas} pods will be on node ${node}: they go down with it`] : [];
}
