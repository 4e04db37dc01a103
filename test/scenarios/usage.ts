import type { KubernetesObject, ObjectReference } from '../../src/kubernetes/object.ts';
import { isKubernetesError } from '../../src/kubernetes/errors.ts';
import { eventually, onRealCluster } from '../support/cluster.ts';
import type { Ground } from './ground.ts';

export interface Amounts {
  cpu: string;
  memory: string;
}

const vertical = { apiVersion: 'autoscaling.k8s.io/v1', kind: 'VerticalPodAutoscaler' };
const metrics = { apiVersion: 'metrics.k8s.io/v1beta1', kind: 'PodMetrics' };

/** The kinds that tell of usage are served: both, because which are there is remembered for some seconds. */
export async function usageKinds(ground: Ground): Promise<void> {
  await served(ground, vertical, 'verticalpodautoscalers');
  // The sandbox measures by itself, after an annotation of its pods; a bare control plane has nothing that measures.
  if (onRealCluster) await served(ground, metrics, 'pods');
}

/** The annotation by which the sandbox knows what a pod uses. */
export function usageAnnotation(usage: Record<string, Amounts>): Record<string, string> {
  return { 'sandbox/usage': JSON.stringify(usage) };
}

/** Plays the metrics server on a real control plane: what each pod of the workload uses now, by container. */
export async function measure(
  ground: Ground,
  workload: ObjectReference,
  usage: Record<string, Amounts>,
): Promise<void> {
  if (!onRealCluster) return;
  for (const { metadata } of await ground.podsOf(workload)) {
    await ground.create({
      ...metrics,
      metadata: { name: metadata.name, namespace: ground.namespace, labels: metadata.labels ?? {} },
      timestamp: new Date().toISOString(),
      window: '30s',
      containers: Object.entries(usage).map(([name, amounts]) => ({ name, usage: amounts })),
    });
  }
}

/** A VerticalPodAutoscaler of the workload that has made up its mind. */
export async function recommend(
  ground: Ground,
  { apiVersion, kind, name }: ObjectReference,
  containerRecommendations: object[],
  updateMode = 'Off',
): Promise<KubernetesObject> {
  return await ground.create({
    ...vertical,
    metadata: { name: ground.name('vpa'), namespace: ground.namespace },
    spec: { targetRef: { apiVersion, kind, name }, updatePolicy: { updateMode } },
    status: { recommendation: { containerRecommendations } },
  });
}

async function served(ground: Ground, { apiVersion, kind }: typeof vertical, plural: string): Promise<void> {
  const [group = '', version = ''] = apiVersion.split('/');
  const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  await ground
    .create({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: {
        name: `${plural}.${group}`,
        annotations: { 'api-approved.kubernetes.io': 'unapproved, for a test' },
      },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural, kind, singular: kind.toLowerCase() },
        versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: anything } }],
      },
    })
    .catch((error: unknown) => {
      if (!isKubernetesError(error, 'alreadyExists')) throw error;
    });
  await eventually(() => ground.cluster.list({ apiVersion, kind, namespace: ground.namespace }));
}
