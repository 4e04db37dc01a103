import { isRecord, records } from '../resource.ts';
import { quantityNano } from '../schema/quantity.ts';

type Amounts = Record<string, unknown>;

/** The quality of service that the requests and limits of a pod's containers amount to. */
export function qosClass(spec: Record<string, unknown>): 'BestEffort' | 'Burstable' | 'Guaranteed' {
  const all = [...records(spec.containers), ...records(spec.initContainers)].map(({ resources }) => ({
    limits: amounts(resources, 'limits'),
    requests: amounts(resources, 'requests'),
  }));
  const given = all.some(({ limits, requests }) => limits.cpu ?? limits.memory ?? requests.cpu ?? requests.memory);
  if (!given) return 'BestEffort';
  const exact = all.every(({ limits, requests }) =>
    ['cpu', 'memory'].every((name) => limits[name] && nano(limits[name]) === nano(requests[name] ?? limits[name])),
  );
  return exact ? 'Guaranteed' : 'Burstable';
}

function amounts(resources: unknown, list: 'limits' | 'requests'): Amounts {
  const found = isRecord(resources) ? resources[list] : undefined;
  return isRecord(found) ? found : {};
}

function nano(quantity: unknown): bigint | undefined {
  return quantityNano(String(quantity));
}
