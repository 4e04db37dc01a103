import { as, at, isRecord, same } from '../resource.ts';
import { selects } from '../selectors/label-selector.ts';
import type { LabelSelector } from '../shapes.ts';
import type { Resource } from '../resource.ts';
import type { Faults } from './faults.ts';
import { validateAnnotations, validateLabels } from './metadata.ts';
import { labelValueFaults, qualifiedNameFaults } from './names.ts';
import { validatePodSpec } from './pod-spec.ts';

/** What Deployments, ReplicaSets, StatefulSets and DaemonSets have in common: replicas, an immutable selector, and a template that it matches. */
export function validateWorkload(draft: Resource, faults: Faults, old?: Resource): void {
  const spec = isRecord(draft.spec) ? draft.spec : {};
  notNegative(spec.replicas, 'spec.replicas', faults);
  notNegative(spec.minReadySeconds, 'spec.minReadySeconds', faults);
  notNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit', faults);
  if (spec.selector === undefined) faults.required('spec.selector');
  else validateLabelSelector(as(spec.selector), 'spec.selector', faults);
  validateTemplate(spec, faults);
  if (old && !same(spec.selector, at(old, 'spec', 'selector')))
    faults.invalid('spec.selector', spec.selector, 'field is immutable');
}

export function validateLabelSelector(selector: LabelSelector, path: string, faults: Faults): void {
  validateLabels(selector.matchLabels, `${path}.matchLabels`, faults);
  if (
    Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0 &&
    path === 'spec.selector'
  ) {
    faults.invalid(path, selector, 'empty selector is invalid for this kind');
  }
  (selector.matchExpressions ?? []).forEach(({ key, operator, values }, index) => {
    const here = `${path}.matchExpressions[${index}]`;
    for (const fault of qualifiedNameFaults(key)) faults.invalid(`${here}.key`, key, fault);
    if (['In', 'NotIn'].includes(operator) && !values?.length)
      faults.required(`${here}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
    if (['Exists', 'DoesNotExist'].includes(operator) && values?.length)
      faults.forbidden(`${here}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    if (!['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator))
      faults.invalid(`${here}.operator`, operator, 'not a valid selector operator');
    for (const value of values ?? [])
      for (const fault of labelValueFaults(value)) faults.invalid(`${here}.values`, value, fault);
  });
}

export function notNegative(value: unknown, path: string, faults: Faults): void {
  if (typeof value === 'number' && value < 0) faults.invalid(path, value, 'must be greater than or equal to 0');
}

/** A number not below 0, or a percentage up to 100. */
export function validateShare(value: unknown, path: string, faults: Faults): void {
  if (typeof value === 'number') return notNegative(value, path, faults);
  if (typeof value !== 'string') return;
  if (!/^\d+%$/.test(value))
    faults.invalid(
      path,
      value,
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    );
  else if (Number.parseInt(value, 10) > 100) faults.invalid(path, value, 'must not be greater than 100%');
}

function validateTemplate(spec: Record<string, unknown>, faults: Faults): void {
  const template = isRecord(spec.template) ? spec.template : {};
  const labels = as<Record<string, string> | undefined>(at(template, 'metadata', 'labels'));
  if (!selects(as(spec.selector), labels)) {
    faults.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`');
  }
  validateLabels(labels, 'spec.template.metadata.labels', faults);
  validateAnnotations(as(at(template, 'metadata', 'annotations')), 'spec.template.metadata.annotations', faults);
  const podSpec = isRecord(template.spec) ? template.spec : {};
  validatePodSpec(podSpec, 'spec.template.spec', faults);
  if (podSpec.restartPolicy !== undefined && podSpec.restartPolicy !== 'Always') {
    faults.unsupported('spec.template.spec.restartPolicy', podSpec.restartPolicy, ['Always']);
  }
}
