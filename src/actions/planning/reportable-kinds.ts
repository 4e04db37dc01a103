/** Kinds that can be looked at and told about. Secrets and ConfigMaps are not among them: their content is nobody's report. */
export const reportableKinds = [
  'Deployment',
  'Pod',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'Job',
  'CronJob',
  'Node',
  'Namespace',
  'Service',
  'Ingress',
  'PersistentVolumeClaim',
  'HorizontalPodAutoscaler',
  'PodDisruptionBudget',
  'NetworkPolicy',
] as const;
