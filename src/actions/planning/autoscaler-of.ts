import { describeReference } from '../../kubernetes/describe-reference.ts';
import { type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { aimsAt } from '../../kubernetes/scale-target.ts';
import { preconditionFailed } from '../refusal.ts';

const kind = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' };

/** The one autoscaler that a workload has, or the object itself where it is one; in the version that knows all metrics. */
export async function autoscalerOf(cluster: ClusterReader, object: KubernetesObject): Promise<KubernetesObject> {
  if (object.kind === kind.kind) return await cluster.get({ ...referenceTo(object), ...kind });
  const target = referenceTo(object);
  const { items } = await cluster.list({ ...kind, ...(target.namespace ? { namespace: target.namespace } : {}) });
  const [hpa, ...others] = items.filter((item) => aimsAt(item, 'scaleTargetRef', target));
  if (!hpa) {
    throw preconditionFailed(
      `${describeReference(target)} has no HorizontalPodAutoscaler`,
      'kubectl autoscale makes one; without one, scale the workload itself',
    );
  }
  if (others.length > 0) {
    const names = [hpa, ...others].map(({ metadata }) => metadata.name).join(', ');
    throw preconditionFailed(
      `${describeReference(target)} has more than one HorizontalPodAutoscaler: ${names}`,
      'Name the one to change as the target',
    );
  }
  return hpa;
}
