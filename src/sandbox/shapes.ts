import type { Resource } from './resource.ts';

/** The fields of the built-in kinds that the controllers read. What is not listed is kept as it came. */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}
export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  lastUpdateTime?: string;
  lastProbeTime?: string | null;
  observedGeneration?: number;
}
export interface Container {
  name: string;
  image?: string;
  resources?: { limits?: Record<string, string>; requests?: Record<string, string> };
  ports?: { name?: string; containerPort: number; protocol?: string }[];
  volumeMounts?: { name: string; mountPath: string }[];
}
export interface Toleration {
  key?: string;
  operator?: string;
  value?: string;
  effect?: string;
}
export interface Taint {
  key: string;
  value?: string;
  effect: string;
  timeAdded?: string;
}
export interface NodeSelectorTerm {
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
  matchFields?: { key: string; operator: string; values?: string[] }[];
}
export interface PodSpec {
  nodeName?: string;
  nodeSelector?: Record<string, string>;
  affinity?: {
    nodeAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms: NodeSelectorTerm[] } };
  };
  containers: Container[];
  initContainers?: Container[];
  ephemeralContainers?: Container[];
  tolerations?: Toleration[];
  terminationGracePeriodSeconds?: number;
  readinessGates?: { conditionType: string }[];
  hostname?: string;
  subdomain?: string;
  volumes?: { name: string; persistentVolumeClaim?: { claimName: string } }[];
  restartPolicy?: string;
}
export interface ContainerStatus {
  name: string;
  image?: string;
  imageID?: string;
  ready: boolean;
  started?: boolean;
  restartCount: number;
  state?: {
    running?: { startedAt: string };
    waiting?: { reason: string; message?: string };
    terminated?: { exitCode: number; reason?: string };
  };
  lastState?: { terminated?: { exitCode: number; reason?: string } };
  resources?: Container['resources'];
}
export interface Pod extends Resource {
  spec: PodSpec;
  status: {
    phase?: string;
    conditions?: Condition[];
    containerStatuses?: ContainerStatus[];
    ephemeralContainerStatuses?: ContainerStatus[];
    podIP?: string;
    hostIP?: string;
    startTime?: string;
    reason?: string;
    observedGeneration?: number;
  };
}
export interface PodTemplate {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: PodSpec;
}
export interface Deployment extends Resource {
  spec: {
    replicas: number;
    selector: LabelSelector;
    template: PodTemplate;
    strategy: { type: string; rollingUpdate?: { maxSurge?: string | number; maxUnavailable?: string | number } };
    minReadySeconds?: number;
    revisionHistoryLimit?: number;
    progressDeadlineSeconds?: number;
    paused?: boolean;
  };
  status: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    unavailableReplicas?: number;
    terminatingReplicas?: number;
    conditions?: Condition[];
    collisionCount?: number;
  };
}
export interface ReplicaSet extends Resource {
  spec: { replicas: number; selector: LabelSelector; template: PodTemplate; minReadySeconds?: number };
  status: {
    replicas?: number;
    fullyLabeledReplicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    terminatingReplicas?: number;
    observedGeneration?: number;
  };
}
export interface StatefulSet extends Resource {
  spec: {
    replicas: number;
    selector: LabelSelector;
    template: PodTemplate;
    serviceName?: string;
    podManagementPolicy: string;
    revisionHistoryLimit?: number;
    updateStrategy: { type: string; rollingUpdate?: { partition?: number } };
    volumeClaimTemplates?: {
      metadata: { name: string; labels?: Record<string, string> };
      spec: Record<string, unknown>;
    }[];
    persistentVolumeClaimRetentionPolicy?: { whenDeleted?: string; whenScaled?: string };
    ordinals?: { start?: number };
    minReadySeconds?: number;
  };
  status: {
    currentRevision?: string;
    updateRevision?: string;
    collisionCount?: number;
    observedGeneration?: number;
    replicas?: number;
    readyReplicas?: number;
    currentReplicas?: number;
    updatedReplicas?: number;
    availableReplicas?: number;
  };
}
export interface DaemonSet extends Resource {
  spec: {
    selector: LabelSelector;
    template: PodTemplate;
    updateStrategy: { type: string; rollingUpdate?: { maxUnavailable?: string | number; maxSurge?: string | number } };
    revisionHistoryLimit?: number;
    minReadySeconds?: number;
  };
  status: Record<string, unknown> & { collisionCount?: number };
}
export interface Job extends Resource {
  spec: {
    parallelism: number;
    completions?: number;
    backoffLimit: number;
    activeDeadlineSeconds?: number;
    ttlSecondsAfterFinished?: number;
    suspend?: boolean;
    managedBy?: string;
    selector: LabelSelector;
    template: PodTemplate;
  };
  status: { startTime?: string; conditions?: Condition[] };
}
export interface ControllerRevision extends Resource {
  data: { spec: { template: PodTemplate & { $patch?: string } } };
  revision: number;
}
export interface Node extends Resource {
  spec: { unschedulable?: boolean; taints?: Taint[]; podCIDR?: string };
  status: {
    conditions?: Condition[];
    allocatable?: Record<string, string>;
    addresses?: { type: string; address: string }[];
  };
}
export interface Budget extends Resource {
  spec: {
    selector?: LabelSelector;
    minAvailable?: string | number;
    maxUnavailable?: string | number;
    unhealthyPodEvictionPolicy?: string;
  };
  status: {
    disruptionsAllowed: number;
    currentHealthy: number;
    desiredHealthy: number;
    expectedPods: number;
    observedGeneration?: number;
    disruptedPods?: Record<string, string>;
    conditions?: Condition[];
  };
}
