import { configMaps, secrets } from './configuration.ts';
import { controllerRevisions } from './controller-revision.ts';
import { cronJobs } from './cron-job.ts';
import { customResourceDefinitions } from './custom-resource-definition.ts';
import { daemonSets } from './daemon-set.ts';
import { deployments } from './deployment.ts';
import { events, newEvents } from './event.ts';
import { horizontalPodAutoscalers } from './horizontal-pod-autoscaler.ts';
import { jobs } from './job.ts';
import type { Kind } from './kind.ts';
import { nodeMetrics, podMetrics } from './metrics.ts';
import { namespaces } from './namespace.ts';
import { networkPolicies } from './network-policy.ts';
import { nodes } from './node.ts';
import { persistentVolumeClaims } from './persistent-volume-claim.ts';
import { persistentVolumes } from './persistent-volume.ts';
import { pods } from './pod.ts';
import { podDisruptionBudgets } from './policy.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from './rbac.ts';
import { replicaSets } from './replica-set.ts';
import { services } from './service.ts';
import { endpointSlices, leases, serviceAccounts } from './small.ts';
import { statefulSets } from './stateful-set.ts';
import { storageClasses } from './storage-class.ts';

/** Every kind that is built in. Discovery, OpenAPI, storage and garbage collection follow from this list. */
export const kinds: readonly Kind[] = [
  configMaps,
  events,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  secrets,
  serviceAccounts,
  services,
  controllerRevisions,
  daemonSets,
  deployments,
  replicaSets,
  statefulSets,
  newEvents,
  horizontalPodAutoscalers,
  cronJobs,
  jobs,
  networkPolicies,
  podDisruptionBudgets,
  storageClasses,
  leases,
  endpointSlices,
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
  customResourceDefinitions,
  nodeMetrics,
  podMetrics,
];
