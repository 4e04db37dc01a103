import type { KubernetesObject } from '../../kubernetes/object.ts';
import { selectorOf } from '../../kubernetes/selector-of.ts';
import { matchesSelector } from '../../kubernetes/selectors.ts';
import { textAt, valueAt } from '../../kubernetes/value-at.ts';

/** The keys of a pod's labels by which one of these Services, or its owner, selects it. */
export function selectingLabels(
  pod: KubernetesObject,
  { services, owner }: { services: readonly KubernetesObject[]; owner: KubernetesObject | undefined },
): string[] {
  const labels = pod.metadata.labels ?? {};
  const selector = owner && selectorOf(owner);
  const keys = [
    ...services.filter((service) => selects(service, labels)).flatMap((service) => Object.keys(selectorIn(service))),
    ...Object.keys(selector?.matchLabels ?? {}),
    ...(selector?.matchExpressions ?? []).map(({ key }) => key),
  ];
  return [...new Set(keys)].filter((key) => Object.hasOwn(labels, key));
}

/** A Service without a selector selects nothing: its endpoints are kept by hand. */
function selects(service: KubernetesObject, labels: Record<string, string>): boolean {
  const selector = selectorIn(service);
  return Object.keys(selector).length > 0 && matchesSelector({ matchLabels: selector }, labels);
}

function selectorIn(service: KubernetesObject): Record<string, string> {
  if (textAt(service, ['spec', 'type']) === 'ExternalName') return {};
  const selector = valueAt(service, ['spec', 'selector']);
  if (typeof selector !== 'object' || selector === null || Array.isArray(selector)) return {};
  return Object.fromEntries(
    Object.entries(selector).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  );
}
