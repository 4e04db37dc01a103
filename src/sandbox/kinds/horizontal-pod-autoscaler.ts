import { type Resource, at, child, records } from '../resource.ts';
import { validateAutoscaler } from '../validation/autoscaler.ts';
import { age, field, nameColumn } from './columns.ts';
import type { Kind } from './kind.ts';

/** Stored and validated, but nothing scales by it: the sandbox measures no usage. */
export const horizontalPodAutoscalers: Kind = {
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  namespaced: true,
  shortNames: ['hpa'],
  categories: ['all'],
  type: 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
  hasStatus: true,
  defaults(draft) {
    const spec = child(draft, 'spec');
    spec.minReplicas ??= 1;
    if (records(spec.metrics).length === 0) {
      spec.metrics = [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      ];
    }
  },
  initialStatus: () => ({ desiredReplicas: 0, currentMetrics: null }),
  validate: validateAutoscaler,
  columns: [
    nameColumn,
    {
      name: 'Reference',
      cell: (object) =>
        `${String(at(object, 'spec', 'scaleTargetRef', 'kind'))}/${String(at(object, 'spec', 'scaleTargetRef', 'name'))}`,
    },
    { name: 'Targets', cell: targets },
    { name: 'MinPods', cell: (object) => String(at(object, 'spec', 'minReplicas') ?? '<unset>') },
    { name: 'MaxPods', cell: (object) => String(at(object, 'spec', 'maxReplicas') ?? '') },
    field('Replicas', 'status.currentReplicas', 0),
    age,
  ],
};

function targets(object: Resource): string {
  const metrics = records(at(object, 'spec', 'metrics')).map((metric) => {
    const wanted = at(metric, 'resource', 'target', 'averageUtilization');
    return `${String(at(metric, 'resource', 'name') ?? 'metric')}: <unknown>/${wanted === undefined ? 'auto' : `${String(wanted)}%`}`;
  });
  return metrics.join(', ') || '<none>';
}
