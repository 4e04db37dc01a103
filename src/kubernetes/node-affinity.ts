import type { Json, JsonObject, KubernetesObject } from './object.ts';
import { listAt, textAt } from './value-at.ts';

/** The label by which pods are sent to one node, or kept from it. */
export const hostnameLabel = 'kubernetes.io/hostname';

/** The node's own value of that label: mostly, but not always, its name. */
export function hostnameOf(node: KubernetesObject): string | undefined {
  return node.metadata.labels?.[hostnameLabel];
}

/**
 * The terms of a required node affinity, with the pods sent to one host (`to`), or kept from it (`from`). One term is
 * enough to hold, so that each is narrowed. What an earlier migration said of hostnames gives way to a new host.
 */
export function narrowedTerms(terms: readonly Json[], { to, from }: { to?: string; from?: string }): JsonObject[] {
  const given = terms.length > 0 ? terms : [{}];
  return given.map((term) => {
    const expressions = listAt(term, ['matchExpressions']);
    const narrowed = to === undefined ? withoutHost(expressions, from ?? '') : onlyHost(expressions, to);
    return { ...(isObject(term) ? term : {}), matchExpressions: narrowed };
  });
}

/**
 * Whether a node with these labels can be meant by the terms. Comparisons of numbers and of fields are left to the
 * scheduler: they count as met.
 */
export function mayMatch(terms: readonly Json[], labels: Record<string, string>): boolean {
  return (
    terms.length === 0 ||
    terms.some((term) => listAt(term, ['matchExpressions']).every((expression) => meets(expression, labels)))
  );
}

function onlyHost(expressions: readonly Json[], host: string): Json[] {
  const others = expressions.filter((expression) => !isAboutHost(expression, 'In') && !excludes(expression, host));
  return [...others, { key: hostnameLabel, operator: 'In', values: [host] }];
}

function withoutHost(expressions: readonly Json[], host: string): Json[] {
  const others = expressions.flatMap((expression): Json[] => {
    if (!isAboutHost(expression, 'In') || !isObject(expression)) return [expression];
    const values = listAt(expression, ['values']).filter((value) => value !== host);
    return values.length > 0 ? [{ ...expression, values }] : [];
  });
  if (others.some((expression) => excludes(expression, host))) return others;
  return [...others, { key: hostnameLabel, operator: 'NotIn', values: [host] }];
}

function isAboutHost(expression: Json, operator: string): boolean {
  return textAt(expression, ['key']) === hostnameLabel && textAt(expression, ['operator']) === operator;
}

function excludes(expression: Json, host: string): boolean {
  return isAboutHost(expression, 'NotIn') && listAt(expression, ['values']).includes(host);
}

function meets(expression: Json, labels: Record<string, string>): boolean {
  const key = textAt(expression, ['key']) ?? '';
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  const values = listAt(expression, ['values']);
  switch (textAt(expression, ['operator'])) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return Number(value ?? Number.NaN) > Number(values[0]);
    case 'Lt':
      return Number(value ?? Number.NaN) < Number(values[0]);
    default:
      return true;
  }
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
