import type { LabelSelector } from '../shapes.ts';

/** One condition on a set of labels. */
export interface Requirement {
  key: string;
  operator: 'in' | 'notin' | 'exists' | 'absent' | 'gt' | 'lt';
  values: string[];
}

export function matchesAll(requirements: Requirement[], labels: Record<string, string> | undefined): boolean {
  return requirements.every((requirement) => matches(requirement, labels ?? {}));
}

/** Whether the selector of an object's spec takes these labels. A missing selector takes nothing, an empty one everything. */
export function selects(selector: LabelSelector | undefined, labels: Record<string, string> | undefined): boolean {
  return selector !== undefined && matchesAll(requirementsOf(selector), labels);
}

export function requirementsOf(selector: LabelSelector): Requirement[] {
  const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]): Requirement => ({
    key,
    operator: 'in',
    values: [value],
  }));
  const others = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }): Requirement => ({
    key,
    operator: OPERATORS[operator] ?? 'absent',
    values,
  }));
  return [...equal, ...others];
}

/** The selector as text, the way the scale subresource and `kubectl get -o wide` say it. */
export function selectorText(selector: LabelSelector | undefined): string {
  if (!selector) return '';
  return requirementsOf(selector)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, operator, values }) => {
      if (operator === 'in' && values.length === 1) return `${key}=${values[0]}`;
      if (operator === 'exists') return key;
      if (operator === 'absent') return `!${key}`;
      return `${key} ${operator} (${[...values].sort().join(',')})`;
    })
    .join(',');
}

const OPERATORS: Record<string, Requirement['operator']> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: 'absent',
  Gt: 'gt',
  Lt: 'lt',
};

function matches({ key, operator, values }: Requirement, labels: Record<string, string>): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'in':
      return value !== undefined && values.includes(value);
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'gt':
      return isInteger(value) && Number(value) > Number(values[0]);
    case 'lt':
      return isInteger(value) && Number(value) < Number(values[0]);
  }
}

function isInteger(value: string | undefined): value is string {
  return value !== undefined && /^-?\d+$/.test(value);
}
