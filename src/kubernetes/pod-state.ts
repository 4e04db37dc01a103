import type { KubernetesObject } from './object.ts';
import { textAt } from './value-at.ts';

/** The API server's shadow of a static pod, which the kubelet runs from a file. */
export function isMirrorPod(pod: KubernetesObject): boolean {
  return pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;
}

/** The phase of a pod that runs no more and never will. */
export function finishedPhase(pod: KubernetesObject): 'Succeeded' | 'Failed' | undefined {
  const phase = textAt(pod, ['status', 'phase']);
  return phase === 'Succeeded' || phase === 'Failed' ? phase : undefined;
}
