import { type Resource, at, isRecord, records } from '../resource.ts';
import { quantityNano } from '../schema/quantity.ts';
import type { Faults } from './faults.ts';

/** Where each type of metric has its source. */
const sources: Record<string, string> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};

/** An autoscaler's bounds, its aim, and its metrics. */
export function validateAutoscaler(draft: Resource, faults: Faults): void {
  const minimum = Number(at(draft, 'spec', 'minReplicas') ?? 1);
  const maximum = Number(at(draft, 'spec', 'maxReplicas') ?? 0);
  const metrics = records(at(draft, 'spec', 'metrics'));
  if (minimum < 1) faults.invalid('spec.minReplicas', minimum, 'must be greater than or equal to 1');
  if (maximum < 1) faults.required('spec.maxReplicas', 'must be set and greater than 0');
  if (maximum < minimum) faults.invalid('spec.maxReplicas', maximum, 'must be greater than or equal to `minReplicas`');
  for (const name of ['kind', 'name'])
    if (!at(draft, 'spec', 'scaleTargetRef', name)) faults.required(`spec.scaleTargetRef.${name}`);
  metrics.forEach((metric, index) => validateMetric(metric, `spec.metrics[${index}]`, faults));
  if (minimum === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External'))
    faults.forbidden(
      'spec.metrics',
      'must specify at least one Object or External metric to support scaling to zero replicas',
    );
}

function validateMetric(metric: Record<string, unknown>, path: string, faults: Faults): void {
  const type = String(metric.type ?? '');
  if (type === '') return faults.required(`${path}.type`, 'must specify a metric source type');
  const name = sources[type];
  if (name === undefined) return faults.unsupported(`${path}.type`, type, Object.keys(sources));
  const source = metric[name];
  if (!isRecord(source))
    return faults.required(`${path}.${name}`, 'must populate information for the given metric source');
  if (type !== 'Resource' && type !== 'ContainerResource') return;
  if (!source.name) faults.required(`${path}.${name}.name`, 'must specify a resource name');
  if (type === 'ContainerResource' && !source.container)
    faults.required(`${path}.${name}.container`, 'must specify a container name');
  validateTarget(isRecord(source.target) ? source.target : {}, `${path}.${name}.target`, faults);
}

function validateTarget(target: Record<string, unknown>, path: string, faults: Faults): void {
  const { type, averageUtilization: share, averageValue: value } = target;
  if (!type) faults.required(`${path}.type`, 'must specify a metric target type');
  else if (!['Utilization', 'Value', 'AverageValue'].includes(String(type)))
    faults.invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue');
  if (typeof share === 'number' && share < 1)
    faults.invalid(`${path}.averageUtilization`, share, 'must be greater than 0');
  if (value !== undefined && (quantityNano(String(value)) ?? 0n) <= 0n)
    faults.invalid(`${path}.averageValue`, value, 'must be positive');
  if (share === undefined && value === undefined)
    faults.required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization');
  if (share !== undefined && value !== undefined)
    faults.forbidden(`${path}.averageValue`, 'may not set both a target raw value and a target utilization');
}
