import type { ControllerFactory } from './controller.ts';
import { claimProtection } from './claim-protection.ts';
import { definitionController } from './custom-resource-definition.ts';
import { daemonSetController } from './daemon-set.ts';
import { deploymentController } from './deployment.ts';
import { disruptionController } from './disruption.ts';
import { endpointSliceController } from './endpoint-slice.ts';
import { garbageCollector } from './garbage-collector.ts';
import { autoscalerController } from './horizontal-pod-autoscaler.ts';
import { jobController } from './job.ts';
import { kubelet } from './kubelet.ts';
import { namespaceController } from './namespace.ts';
import { nodeLifecycle } from './node-lifecycle.ts';
import { podGarbageCollector } from './pod-garbage-collector.ts';
import { replicaSetController } from './replica-set.ts';
import { scheduler } from './scheduler.ts';
import { statefulSetController } from './stateful-set.ts';
import { volumeBinder } from './volume-binder.ts';
import { volumeProvisioner } from './volume-provisioner.ts';

/** Everything that moves in the sandbox by itself. */
export const controllers: ControllerFactory[] = [
  namespaceController,
  definitionController,
  nodeLifecycle,
  deploymentController,
  replicaSetController,
  statefulSetController,
  daemonSetController,
  jobController,
  scheduler,
  kubelet,
  disruptionController,
  garbageCollector,
  podGarbageCollector,
  endpointSliceController,
  autoscalerController,
  claimProtection,
  volumeBinder,
  volumeProvisioner,
];
