import type { KubernetesObject } from './object.ts';
import { formatSelector, type LabelSelector } from './selectors.ts';
import { valueAt } from './value-at.ts';

/** The label selector in `spec.selector` of a workload or a budget; undefined where there is none: it selects nothing. */
export function selectorOf(object: KubernetesObject): LabelSelector | undefined {
  return selectorAt(object, ['spec', 'selector']);
}

/** The label selector that stands there. */
export function selectorAt(object: KubernetesObject, path: readonly string[]): LabelSelector | undefined {
  const selector = valueAt(object, path);
  if (typeof selector !== 'object' || selector === null || Array.isArray(selector)) return undefined;
  return asSelector(selector);
}

/** The same as text, for the `labelSelector` of a query. */
export function selectorTextOf(object: KubernetesObject): string | undefined {
  const selector = selectorOf(object);
  const text = selector && formatSelector(selector);
  return text === '' ? undefined : text;
}

/** The API server has validated it. */
function asSelector(value: object): LabelSelector {
  return value as LabelSelector;
}
