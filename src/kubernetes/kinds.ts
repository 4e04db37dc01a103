/** A kind of object as the API server serves it: enough to build its URL. */
export interface ResourceKind {
  apiVersion: string;
  kind: string;
  /** The name in URLs and in RBAC rules: `deployments`. */
  plural: string;
  namespaced: boolean;
}

/** A kind that every supported server has; the words of kubectl lead to it. */
export interface BuiltInKind extends ResourceKind {
  shortNames: string[];
}

/**
 * The built-in kind that kubectl would understand by the word: `deploy`, `deployment`, `deployments`, `Deployment`
 * or `deployments.apps`, in any case. Undefined for anything else; custom kinds are named by their apiVersion.
 */
export function findKind(word: string): BuiltInKind | undefined {
  return byWord.get(word.toLowerCase());
}

/** The built-in kind of this apiVersion and (exactly so written) kind, without asking any server. */
export function kindOf(apiVersion: string, kind: string): BuiltInKind | undefined {
  return byVersionAndKind.get(`${apiVersion}/${kind}`);
}

/** The group of an apiVersion; the core's is the empty string, as in RBAC rules. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** Whether the kind's objects live in a namespace; the rest belong to the whole cluster. */
const namespaced = true;
const clusterScoped = false;

/**
 * Where a word belongs to two kinds, the first one here has it: `events` are core/v1's, as kubectl's are.
 * An older version of a group is named only by its apiVersion (autoscaling/v1).
 */
export const builtInKinds: readonly BuiltInKind[] = [
  ...group('v1', [
    ['Pod', 'pods', namespaced, 'po'],
    ['Node', 'nodes', clusterScoped, 'no'],
    ['Namespace', 'namespaces', clusterScoped, 'ns'],
    ['Service', 'services', namespaced, 'svc'],
    ['Secret', 'secrets', namespaced],
    ['ConfigMap', 'configmaps', namespaced, 'cm'],
    ['Event', 'events', namespaced, 'ev'],
    ['PersistentVolumeClaim', 'persistentvolumeclaims', namespaced, 'pvc'],
    ['PersistentVolume', 'persistentvolumes', clusterScoped, 'pv'],
    ['ServiceAccount', 'serviceaccounts', namespaced, 'sa'],
    ['Endpoints', 'endpoints', namespaced, 'ep'],
    ['LimitRange', 'limitranges', namespaced, 'limits'],
    ['ResourceQuota', 'resourcequotas', namespaced, 'quota'],
    ['PodTemplate', 'podtemplates', namespaced],
    ['ReplicationController', 'replicationcontrollers', namespaced, 'rc'],
  ]),
  ...group('apps/v1', [
    ['Deployment', 'deployments', namespaced, 'deploy'],
    ['StatefulSet', 'statefulsets', namespaced, 'sts'],
    ['DaemonSet', 'daemonsets', namespaced, 'ds'],
    ['ReplicaSet', 'replicasets', namespaced, 'rs'],
    ['ControllerRevision', 'controllerrevisions', namespaced],
  ]),
  ...group('batch/v1', [
    ['Job', 'jobs', namespaced],
    ['CronJob', 'cronjobs', namespaced, 'cj'],
  ]),
  ...group('autoscaling/v2', [['HorizontalPodAutoscaler', 'horizontalpodautoscalers', namespaced, 'hpa']]),
  ...group('autoscaling/v1', [['HorizontalPodAutoscaler', 'horizontalpodautoscalers', namespaced]]),
  ...group('policy/v1', [['PodDisruptionBudget', 'poddisruptionbudgets', namespaced, 'pdb']]),
  ...group('networking.k8s.io/v1', [
    ['NetworkPolicy', 'networkpolicies', namespaced, 'netpol'],
    ['Ingress', 'ingresses', namespaced, 'ing'],
    ['IngressClass', 'ingressclasses', clusterScoped],
  ]),
  ...group('storage.k8s.io/v1', [
    ['StorageClass', 'storageclasses', clusterScoped, 'sc'],
    ['VolumeAttachment', 'volumeattachments', clusterScoped],
    ['CSIDriver', 'csidrivers', clusterScoped],
    ['CSINode', 'csinodes', clusterScoped],
    ['CSIStorageCapacity', 'csistoragecapacities', namespaced],
  ]),
  ...group('rbac.authorization.k8s.io/v1', [
    ['Role', 'roles', namespaced],
    ['RoleBinding', 'rolebindings', namespaced],
    ['ClusterRole', 'clusterroles', clusterScoped],
    ['ClusterRoleBinding', 'clusterrolebindings', clusterScoped],
  ]),
  ...group('coordination.k8s.io/v1', [['Lease', 'leases', namespaced]]),
  ...group('discovery.k8s.io/v1', [['EndpointSlice', 'endpointslices', namespaced]]),
  ...group('events.k8s.io/v1', [['Event', 'events', namespaced, 'ev']]),
  ...group('scheduling.k8s.io/v1', [['PriorityClass', 'priorityclasses', clusterScoped, 'pc']]),
  ...group('node.k8s.io/v1', [['RuntimeClass', 'runtimeclasses', clusterScoped]]),
  ...group('apiextensions.k8s.io/v1', [
    ['CustomResourceDefinition', 'customresourcedefinitions', clusterScoped, 'crd', 'crds'],
  ]),
  ...group('apiregistration.k8s.io/v1', [['APIService', 'apiservices', clusterScoped]]),
  ...group('admissionregistration.k8s.io/v1', [
    ['MutatingWebhookConfiguration', 'mutatingwebhookconfigurations', clusterScoped],
    ['ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', clusterScoped],
  ]),
  ...group('authentication.k8s.io/v1', [['TokenReview', 'tokenreviews', clusterScoped]]),
  ...group('authorization.k8s.io/v1', [
    ['SubjectAccessReview', 'subjectaccessreviews', clusterScoped],
    ['SelfSubjectAccessReview', 'selfsubjectaccessreviews', clusterScoped],
    ['SelfSubjectRulesReview', 'selfsubjectrulesreviews', clusterScoped],
    ['LocalSubjectAccessReview', 'localsubjectaccessreviews', namespaced],
  ]),
];

const byVersionAndKind = new Map(builtInKinds.map((entry) => [`${entry.apiVersion}/${entry.kind}`, entry]));
const byWord = indexByWord();

function indexByWord(): Map<string, BuiltInKind> {
  const index = new Map<string, BuiltInKind>();
  for (const entry of builtInKinds) {
    const singular = entry.kind.toLowerCase();
    const suffix = groupOf(entry.apiVersion) === '' ? '' : `.${groupOf(entry.apiVersion)}`;
    for (const word of [singular, entry.plural, ...entry.shortNames, singular + suffix, entry.plural + suffix]) {
      if (!index.has(word)) index.set(word, entry);
    }
  }
  return index;
}

type Row = [kind: string, plural: string, namespaced: boolean, ...shortNames: string[]];

function group(apiVersion: string, rows: Row[]): BuiltInKind[] {
  return rows.map(([kind, plural, isNamespaced, ...shortNames]) => ({
    apiVersion,
    kind,
    plural,
    namespaced: isNamespaced,
    shortNames,
  }));
}
