import type { Json, JsonObject, KubernetesObject } from '../../kubernetes/object.ts';
import { listAt, textAt } from '../../kubernetes/value-at.ts';

type Targets = { [resource in 'cpu' | 'memory']: number | undefined };

/**
 * The metrics of an autoscaler with other targets for CPU and memory: every other metric stays as and where it is, and
 * one that was not there comes last. Undefined where no target is given.
 */
export function withUtilization(
  hpa: KubernetesObject,
  targets: Targets,
): { metrics: Json[] | undefined; warnings: string[] } {
  const before = listAt(hpa, ['spec', 'metrics']);
  const warnings: string[] = [];
  let metrics: Json[] | undefined;
  for (const name of ['cpu', 'memory'] as const) {
    const percent = targets[name];
    if (percent === undefined) continue;
    metrics ??= before;
    const wanted = utilizationMetric(name, percent);
    const index = metrics.findIndex((metric) => isResource(metric, name));
    const type = textAt(metrics[index], ['resource', 'target', 'type']);
    if (index >= 0 && type !== 'Utilization') {
      warnings.push(`The target for ${name} was of the type ${type}; it is a percentage of the requests now`);
    }
    metrics = index < 0 ? [...metrics, wanted] : metrics.with(index, wanted);
  }
  return { metrics, warnings };
}

function isResource(metric: Json, name: string): boolean {
  return textAt(metric, ['type']) === 'Resource' && textAt(metric, ['resource', 'name']) === name;
}

function utilizationMetric(name: string, percent: number): JsonObject {
  return { type: 'Resource', resource: { name, target: { type: 'Utilization', averageUtilization: percent } } };
}
