import type { Plan } from '../changes/plan.ts';
import type { Permission } from '../kubernetes/permission.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { type Dependant, dependantsOf } from './dependants.ts';
import { type TouchedBudget, touchedBudgets } from './touched-budgets.ts';
import { touchedPods } from './touched-pods.ts';
import { type TouchedService, touchedServices } from './touched-services.ts';
import { touchedVolumes } from './touched-volumes.ts';

/** Who is touched by a plan, as the cluster stands; in the names of the wire. */
export interface Impact {
  /** Taken away, or replaced. */
  pods: number;
  /** Of the pods of everything that is touched. */
  ready_before: number;
  /** The fewest that stay ready meanwhile; what is ready in their place by then is not counted. */
  ready_during: number;
  services: TouchedService[];
  budgets: TouchedBudget[];
  /** Claims that the pods hold; their data stays. */
  volumes: string[];
  dependants: Dependant[];
  /** What is gone for good, in sentences. */
  data_loss: string[];
  /** The same in sentences. */
  summary: string[];
}

/** All that finding it out asks of the API server. */
export const permissionsForImpact: readonly Permission[] = [
  { apiGroups: [''], resources: ['pods', 'services'], verbs: ['list'] },
  { apiGroups: [''], resources: ['namespaces', 'pods'], verbs: ['get'] },
  { apiGroups: [''], resources: ['nodes'], verbs: ['list'] },
  { apiGroups: ['apps'], resources: ['replicasets', 'statefulsets'], verbs: ['get'] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list'] },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['list'] },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list'] },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: ['list'] },
];

/** Reads who is touched: the pods of what is changed, and what is in their namespaces. Throws KubernetesError. */
export async function impactOf(cluster: ClusterReader, plan: Plan): Promise<Impact> {
  const groups = await touchedPods(cluster, plan);
  const [services, budgets] = await Promise.all([touchedServices(cluster, groups), touchedBudgets(cluster, groups)]);
  const dependants = await dependantsOf(cluster, groups, services);
  const { claims, lost } = touchedVolumes(groups);
  const ready = groups.reduce((sum, group) => sum + group.ready, 0);
  const missing = groups.reduce((sum, group) => sum + group.missing, 0);
  const alone = groups.filter(({ forGood, workload, touched }) => forGood && !workload && touched > 0);
  const gone = alone.flatMap(({ pods }) => pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
  const found = {
    pods: groups.reduce((sum, { touched }) => sum + touched, 0),
    ready_before: ready,
    ready_during: Math.max(0, ready - missing),
    services,
    budgets,
    volumes: claims,
    dependants,
    data_loss: [...lost, ...gone.map((pod) => `Pod ${pod} itself: nothing makes it again`)],
  };
  return { ...found, summary: summaryOf(found) };
}

function summaryOf({ pods, ready_before, ready_during, ...rest }: Omit<Impact, 'summary'>): string[] {
  if (pods === 0) return ['No pod is taken away or replaced'];
  const { services, budgets, volumes, dependants, data_loss } = rest;
  const dark = services.filter((one) => one.endpoints_before > 0 && one.endpoints_during === 0);
  return [
    `${counted(pods, 'pod')} taken away or replaced; at the fewest ${ready_during} of ${ready_before} ready ones stay`,
    ...services.map(
      ({ namespace, name, endpoints_before, endpoints_during }) =>
        `Service ${namespace}/${name}: from ${endpoints_before} to ${endpoints_during} ready endpoints`,
    ),
    ...dark.map(({ namespace, name }) => `Service ${namespace}/${name} answers nobody meanwhile`),
    ...budgets.map(
      (one) =>
        `Budget ${one.namespace}/${one.name} can spare ${one.disruptions_allowed} now; ${counted(one.pods, 'pod')} under it`,
    ),
    ...(volumes.length > 0 ? [`${counted(volumes.length, 'volume claim')} mounted anew; the data stays`] : []),
    ...dependants.map(({ kind, namespace, name, by }) => `${kind} ${namespace}/${name} ${by}`),
    ...data_loss.map((what) => `Lost: ${what}`),
  ];
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what} is` : `${count} ${what}s are`;
}
