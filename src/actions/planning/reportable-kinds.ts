/** Kinds that can be looked at and told about. No Secrets and ConfigMaps: their content belongs in no report. */
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
