import { at, child, isRecord, records } from '../resource.ts';

type Fields = Record<string, unknown>;

/** The defaults that the API server writes into a pod's spec, or a template's. */
export function defaultPodSpec(spec: Fields): void {
  spec.restartPolicy ??= 'Always';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ??= 'ClusterFirst';
  spec.schedulerName ??= 'default-scheduler';
  child(spec, 'securityContext');
  if (spec.serviceAccountName !== undefined || spec.serviceAccount !== undefined) {
    spec.serviceAccountName ??= spec.serviceAccount;
    spec.serviceAccount = spec.serviceAccountName;
  }
  for (const container of [...records(spec.containers), ...records(spec.initContainers)])
    defaultContainer(container, spec);
  for (const container of records(spec.ephemeralContainers)) defaultContainer(container, spec);
  for (const volume of records(spec.volumes)) defaultVolume(volume);
}

function defaultContainer(container: Fields, spec: Fields): void {
  container.terminationMessagePath ??= '/dev/termination-log';
  container.terminationMessagePolicy ??= 'File';
  container.imagePullPolicy ??= pullPolicy(container.image);
  child(container, 'resources');
  for (const port of records(container.ports)) {
    port.protocol ??= 'TCP';
    if (spec.hostNetwork === true) port.hostPort ??= port.containerPort;
  }
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) defaultProbe(container[probe]);
  for (const variable of records(container.env)) {
    const reference = at(variable, 'valueFrom', 'fieldRef');
    if (reference) child(child(variable, 'valueFrom'), 'fieldRef').apiVersion ??= 'v1';
  }
}

/** A limit without a request is its own request: of pods, not of templates. */
export function defaultRequests(spec: Fields): void {
  for (const container of [...records(spec.containers), ...records(spec.initContainers)]) {
    const limits = at(container, 'resources', 'limits');
    const requests = at(container, 'resources', 'requests');
    if (isRecord(limits))
      child(container, 'resources').requests = { ...limits, ...(isRecord(requests) ? requests : {}) };
  }
}

function defaultProbe(probe: unknown): void {
  if (typeof probe !== 'object' || probe === null) return;
  const fields = Object.assign(probe, { timeoutSeconds: at(probe, 'timeoutSeconds') ?? 1 });
  const given: Fields = fields;
  given.periodSeconds ??= 10;
  given.successThreshold ??= 1;
  given.failureThreshold ??= 3;
  if (given.httpGet) {
    const http = child(given, 'httpGet');
    http.path ??= '/';
    http.scheme ??= 'HTTP';
  }
}

function defaultVolume(volume: Fields): void {
  for (const kind of ['secret', 'configMap', 'projected', 'downwardAPI']) {
    if (volume[kind]) child(volume, kind).defaultMode ??= 420;
  }
  if (volume.hostPath) child(volume, 'hostPath').type ??= '';
  for (const source of records(at(volume, 'projected', 'sources'))) {
    if (source.serviceAccountToken) child(source, 'serviceAccountToken').expirationSeconds ??= 3600;
    for (const item of records(at(source, 'downwardAPI', 'items')))
      if (item.fieldRef) child(item, 'fieldRef').apiVersion ??= 'v1';
  }
  for (const item of records(at(volume, 'downwardAPI', 'items')))
    if (item.fieldRef) child(item, 'fieldRef').apiVersion ??= 'v1';
  if (Object.keys(volume).length === 1 && volume.name !== undefined) volume.emptyDir = {};
}

/** `latest`, said or implied, is pulled each time. */
function pullPolicy(image: unknown): string {
  const name = String(image ?? '').split('@')[0] ?? '';
  if (String(image ?? '').includes('@')) return 'IfNotPresent';
  const tag = name.slice(name.lastIndexOf('/') + 1).split(':')[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}
