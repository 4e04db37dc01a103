import { at, isRecord, records, same } from '../resource.ts';
import { quantityNano } from '../schema/quantity.ts';
import type { Faults } from './faults.ts';
import { dnsLabelFaults, qualifiedNameFaults, subdomainFaults } from './names.ts';

type Fields = Record<string, unknown>;

/** The rules that a pod's spec has to keep, as far as they are likely to be broken by hand. */
export function validatePodSpec(spec: Fields, path: string, faults: Faults): void {
  validateVolumes(spec, path, faults);
  const containers = records(spec.containers);
  if (containers.length === 0) faults.required(`${path}.containers`);
  validateContainers(containers, `${path}.containers`, spec, faults);
  validateContainers(records(spec.initContainers), `${path}.initContainers`, spec, faults);
  oneOf(spec.restartPolicy, ['Always', 'OnFailure', 'Never'], `${path}.restartPolicy`, faults);
  oneOf(spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'], `${path}.dnsPolicy`, faults);
  const grace = spec.terminationGracePeriodSeconds;
  if (typeof grace === 'number' && grace < 0)
    faults.invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than or equal to 0');
  if (typeof spec.nodeName === 'string')
    for (const fault of subdomainFaults(spec.nodeName)) faults.invalid(`${path}.nodeName`, spec.nodeName, fault);
  records(spec.tolerations).forEach((toleration, index) =>
    validateToleration(toleration, `${path}.tolerations[${index}]`, faults),
  );
}

/** What an update of a pod may touch: images, deadlines, and tolerations that are added. Everything else is immutable. */
export function validatePodUpdate(spec: Fields, old: Fields, faults: Faults): void {
  if (records(spec.containers).length !== records(old.containers).length) {
    faults.forbidden('spec.containers', 'pod updates may not add or remove containers');
    return;
  }
  if (!same(frozen(spec, old), frozen(old, old))) {
    faults.forbidden(
      'spec',
      'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    );
  }
}

function frozen(spec: Fields, old: Fields): Fields {
  const { activeDeadlineSeconds: _deadline, tolerations, ...rest } = spec;
  const images = (list: unknown): Fields[] => records(list).map(({ image: _image, ...container }) => container);
  const given = records(tolerations);
  const removed = records(old.tolerations).filter((toleration) => !given.some((other) => same(toleration, other)));
  return { ...rest, removed, containers: images(spec.containers), initContainers: images(spec.initContainers) };
}

/** `seen` are the names that are taken already. */
export function validateContainers(
  containers: Fields[],
  path: string,
  spec: Fields,
  faults: Faults,
  seen = new Set<unknown>(),
): void {
  containers.forEach((container, index) => {
    const here = `${path}[${index}]`;
    const name = typeof container.name === 'string' ? container.name : '';
    if (name === '') faults.required(`${here}.name`);
    else for (const fault of dnsLabelFaults(name)) faults.invalid(`${here}.name`, name, fault);
    if (seen.has(name)) faults.duplicate(`${here}.name`, name);
    seen.add(name);
    if (!container.image) faults.required(`${here}.image`);
    oneOf(container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'], `${here}.imagePullPolicy`, faults);
    validatePorts(records(container.ports), `${here}.ports`, faults);
    validateEnvironment(records(container.env), `${here}.env`, faults);
    validateMounts(records(container.volumeMounts), `${here}.volumeMounts`, spec, faults);
    validateResources(container.resources, `${here}.resources`, faults);
  });
}

function validatePorts(ports: Fields[], path: string, faults: Faults): void {
  ports.forEach((port, index) => {
    const number = port.containerPort;
    if (number === undefined || number === 0) faults.required(`${path}[${index}].containerPort`);
    else if (typeof number === 'number' && (number < 1 || number > 65535))
      faults.invalid(`${path}[${index}].containerPort`, number, 'must be between 1 and 65535, inclusive');
    oneOf(port.protocol, ['SCTP', 'TCP', 'UDP'], `${path}[${index}].protocol`, faults);
  });
}

function validateEnvironment(variables: Fields[], path: string, faults: Faults): void {
  variables.forEach((variable, index) => {
    if (!variable.name) faults.required(`${path}[${index}].name`);
    if (variable.value && variable.valueFrom)
      faults.invalid(`${path}[${index}].valueFrom`, '', 'may not be specified when `value` is not empty');
  });
}

function validateMounts(mounts: Fields[], path: string, spec: Fields, faults: Faults): void {
  const volumes = records(spec.volumes).map((volume) => volume.name);
  mounts.forEach((mount, index) => {
    if (!mount.name) faults.required(`${path}[${index}].name`);
    else if (!volumes.includes(mount.name)) faults.notFound(`${path}[${index}].name`, mount.name);
    if (!mount.mountPath) faults.required(`${path}[${index}].mountPath`);
  });
}

function validateVolumes(spec: Fields, path: string, faults: Faults): void {
  const seen = new Set<unknown>();
  records(spec.volumes).forEach((volume, index) => {
    const name = typeof volume.name === 'string' ? volume.name : '';
    if (name === '') faults.required(`${path}.volumes[${index}].name`);
    else for (const fault of dnsLabelFaults(name)) faults.invalid(`${path}.volumes[${index}].name`, name, fault);
    if (seen.has(name)) faults.duplicate(`${path}.volumes[${index}].name`, name);
    seen.add(name);
  });
}

function validateResources(resources: unknown, path: string, faults: Faults): void {
  const limits = at(resources, 'limits');
  const requests = at(resources, 'requests');
  for (const [list, below] of [
    [limits, 'limits'],
    [requests, 'requests'],
  ] as const) {
    for (const [name, value] of Object.entries(isRecord(list) ? list : {})) {
      for (const fault of qualifiedNameFaults(name)) faults.invalid(`${path}.${below}`, name, fault);
      if ((quantityNano(String(value)) ?? 0n) < 0n)
        faults.invalid(`${path}.${below}[${name}]`, value, 'must be greater than or equal to 0');
    }
  }
  if (!isRecord(limits) || !isRecord(requests)) return;
  for (const [name, value] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit !== undefined && (quantityNano(String(value)) ?? 0n) > (quantityNano(String(limit)) ?? 0n)) {
      faults.invalid(`${path}.requests`, value, `must be less than or equal to ${name} limit of ${String(limit)}`);
    }
  }
}

function validateToleration(toleration: Fields, path: string, faults: Faults): void {
  if (!toleration.key && toleration.operator !== 'Exists')
    faults.invalid(
      `${path}.operator`,
      toleration.operator ?? '',
      'operator must be Exists when `key` is empty, which means "match all values and all keys"',
    );
  oneOf(toleration.effect || undefined, ['NoSchedule', 'PreferNoSchedule', 'NoExecute'], `${path}.effect`, faults);
}

function oneOf(value: unknown, supported: string[], path: string, faults: Faults): void {
  if (value !== undefined && !supported.includes(String(value))) faults.unsupported(path, value, supported);
}
