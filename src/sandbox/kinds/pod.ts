import { forbidden } from '../api/status-error.ts';
import { type Resource, at, child, copy, isRecord, records } from '../resource.ts';
import type { Store } from '../store/store.ts';
import { validatePodSpec, validatePodUpdate } from '../validation/pod-spec.ts';
import { randomSuffix } from '../write/random-suffix.ts';
import { age, nameColumn } from './columns.ts';
import type { Kind } from './kind.ts';
import { defaultPodSpec, defaultRequests } from './pod-defaults.ts';
import { podEphemeralContainers } from './pod-ephemeral-containers.ts';
import { admitResize, podResize } from './pod-resize.ts';
import { qosClass } from './qos-class.ts';
import { podReason, readyContainers, restarts } from './pod-columns.ts';

const text =
  (...path: string[]) =>
  (object: Resource): string =>
    String(at(object, ...path) ?? '');

export const pods: Kind = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  namespaced: true,
  shortNames: ['po'],
  categories: ['all'],
  type: 'io.k8s.api.core.v1.Pod',
  hasStatus: true,
  hasGeneration: true,
  returnsDeleted: true,
  fields: {
    'spec.nodeName': text('spec', 'nodeName'),
    'spec.restartPolicy': text('spec', 'restartPolicy'),
    'spec.schedulerName': text('spec', 'schedulerName'),
    'spec.serviceAccountName': text('spec', 'serviceAccountName'),
    'spec.hostNetwork': (object) => String(at(object, 'spec', 'hostNetwork') ?? false),
    'status.phase': text('status', 'phase'),
    'status.podIP': text('status', 'podIP'),
    'status.nominatedNodeName': text('status', 'nominatedNodeName'),
  },
  ownFieldRefusal: true,
  defaults(draft) {
    const spec = child(draft, 'spec');
    defaultPodSpec(spec);
    defaultRequests(spec);
    spec.enableServiceLinks ??= true;
  },
  admit: admitPod,
  initialStatus: (draft) => ({ phase: 'Pending', qosClass: qosClass(isRecord(draft.spec) ? draft.spec : {}) }),
  validate(draft, faults, old) {
    const spec = isRecord(draft.spec) ? draft.spec : {};
    validatePodSpec(spec, 'spec', faults);
    if (old && isRecord(old.spec)) validatePodUpdate(spec, old.spec, faults);
    if (!old && records(spec.ephemeralContainers).length > 0)
      faults.forbidden('spec.ephemeralContainers', 'cannot be set on create');
  },
  parts: { ephemeralcontainers: podEphemeralContainers, resize: podResize },
  admitUpdate: admitResize,
  columns: [
    nameColumn,
    {
      name: 'Ready',
      cell: (object) => `${readyContainers(object)}/${records(at(object, 'spec', 'containers')).length}`,
    },
    { name: 'Status', cell: podReason },
    { name: 'Restarts', cell: (object) => String(restarts(object)) },
    age,
    { name: 'IP', priority: 1, cell: (object) => text('status', 'podIP')(object) || '<none>' },
    { name: 'Node', priority: 1, cell: (object) => text('spec', 'nodeName')(object) || '<none>' },
    { name: 'Nominated Node', priority: 1, cell: () => '<none>' },
    { name: 'Readiness Gates', priority: 1, cell: () => '<none>' },
  ],
};

/** What the ServiceAccount, priority and toleration plugins of the API server add to a new pod. */
function admitPod(draft: Resource, store: Store): void {
  const spec = child(draft, 'spec');
  spec.priority ??= 0;
  spec.preemptionPolicy ??= 'PreemptLowerPriority';
  spec.serviceAccountName ||= 'default';
  spec.serviceAccount = spec.serviceAccountName;
  const { namespace = '', name } = draft.metadata;
  const account = store.get('/serviceaccounts', namespace, String(spec.serviceAccountName));
  if (!account) {
    const missing = String(spec.serviceAccountName);
    throw forbidden(
      pods,
      name,
      `error looking up service account ${namespace}/${missing}: serviceaccount "${missing}" not found`,
    );
  }
  if ((spec.automountServiceAccountToken ?? account.automountServiceAccountToken) !== false) mountToken(spec);
  const tolerations = records(spec.tolerations);
  for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
    if (!tolerations.some((toleration) => toleration.key === key || !toleration.key)) {
      tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 });
    }
  }
  spec.tolerations = tolerations;
}

function mountToken(spec: Record<string, unknown>): void {
  const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
  const name = `kube-api-access-${randomSuffix()}`;
  const bare = [...records(spec.initContainers), ...records(spec.containers)].filter(
    (container) => !records(container.volumeMounts).some((mount) => mount.mountPath === mountPath),
  );
  if (bare.length === 0) return;
  for (const container of bare)
    container.volumeMounts = [...records(container.volumeMounts), { name, readOnly: true, mountPath }];
  spec.volumes = [...records(spec.volumes), { name, projected: copy(tokenSources) }];
}

const tokenSources = {
  defaultMode: 420,
  sources: [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    {
      downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] },
    },
  ],
};
