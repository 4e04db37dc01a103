import { controllerOf, type Json, type JsonObject, type KubernetesObject } from './object.ts';
import type { ClusterReader } from './reader.ts';
import { selectorTextOf } from './selector-of.ts';
import { numberAt, textAt, valueAt } from './value-at.ts';

/** A pod template that a workload once had. Numbers grow, and have gaps where a revision was rolled out again. */
export interface Revision {
  number: number;
  /** The object that keeps it, a ReplicaSet or a ControllerRevision. */
  keptBy: KubernetesObject;
  template: JsonObject;
}

/** The label by which a ReplicaSet tells its pods from another's; it is no part of the template that was asked for. */
const podTemplateHash = 'pod-template-hash';

/** The revisions of a Deployment, StatefulSet or DaemonSet that it owns itself (by UID), the oldest first. */
export async function ownedRevisions(cluster: ClusterReader, workload: KubernetesObject): Promise<Revision[]> {
  const { namespace, uid } = workload.metadata;
  const labelSelector = selectorTextOf(workload);
  const keeper = workload.kind === 'Deployment' ? 'ReplicaSet' : 'ControllerRevision';
  const { items } = await cluster.list({
    apiVersion: 'apps/v1',
    kind: keeper,
    ...(namespace ? { namespace } : {}),
    ...(labelSelector ? { labelSelector } : {}),
  });
  return items
    .filter((item) => uid !== undefined && controllerOf(item)?.uid === uid)
    .flatMap((item) => (keeper === 'ReplicaSet' ? ofReplicaSet(item) : ofControllerRevision(item)))
    .sort((a, b) => a.number - b.number);
}

/** The pod template of a workload as revisions keep it. */
export function templateOf(workload: KubernetesObject): JsonObject {
  return asObject(valueAt(workload, ['spec', 'template'])) ?? {};
}

function ofReplicaSet(keptBy: KubernetesObject): Revision[] {
  const text = textAt(keptBy, ['metadata', 'annotations', 'deployment.kubernetes.io/revision']) ?? '';
  const template = asObject(valueAt(keptBy, ['spec', 'template']));
  return /^\d+$/.test(text) && template ? [{ number: Number(text), keptBy, template: withoutHash(template) }] : [];
}

/** Its data is a strategic merge patch that replaces the template. */
function ofControllerRevision(keptBy: KubernetesObject): Revision[] {
  const stored = asObject(valueAt(keptBy, ['data', 'spec', 'template']));
  if (!stored) return [];
  const { $patch: _, ...template } = stored;
  return [{ number: numberAt(keptBy, ['revision']), keptBy, template }];
}

function withoutHash(template: JsonObject): JsonObject {
  const metadata = asObject(template['metadata']) ?? {};
  const { [podTemplateHash]: _, ...labels } = asObject(metadata['labels']) ?? {};
  return { ...template, metadata: { ...metadata, labels } };
}

function asObject(value: Json | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}
