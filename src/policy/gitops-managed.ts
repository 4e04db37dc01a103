import { describeReference } from '../kubernetes/describe-reference.ts';
import { controllerOf, type KubernetesObject, type ObjectMetadata, referenceTo } from '../kubernetes/object.ts';
import { objectsOf, type Rule, writesTo } from './rule.ts';

/**
 * What a GitOps controller owns is changed in Git, or it changes it back. Helm's own `app.kubernetes.io/instance` says
 * nothing of that kind. A pod that is evicted, or deleted under its controller, comes back as Git wants it.
 */
export const gitopsManaged: Rule = {
  name: 'gitops_managed',
  denies: 'Changes to what Argo CD or Flux owns; `allow_gitops: true` lets them pass.',
  codes: ['gitops_managed'],
  permissions: [],

  async judge({ cluster, plan, parameters }) {
    const objects = await objectsOf(
      cluster,
      writesTo(plan).filter(({ kind }) => kind !== 'evict'),
    );
    for (const object of objects) {
      const manager = object.kind === 'Pod' && controllerOf(object) ? undefined : managerOf(object);
      if (!manager) continue;
      const reason = `${describeReference(referenceTo(object))} is managed by ${manager}`;
      if (parameters['allow_gitops'] === true) return { verdict: 'allow', reason: `${reason}; allow_gitops is given` };
      return {
        verdict: 'deny',
        code: 'gitops_managed',
        reason: `${reason}, which would take the change back`,
        hint: 'Change it in Git, or pass allow_gitops: true',
      };
    }
    return undefined;
  },
};

type MarkedBy = [manager: string, where: keyof Pick<ObjectMetadata, 'labels' | 'annotations'>, key: string];

const marks: readonly MarkedBy[] = [
  ['Argo CD', 'annotations', 'argocd.argoproj.io/tracking-id'],
  ['Argo CD', 'annotations', 'argocd.argoproj.io/instance'],
  ['Argo CD', 'labels', 'argocd.argoproj.io/instance'],
  ['Flux', 'labels', 'kustomize.toolkit.fluxcd.io/name'],
  ['Flux', 'labels', 'helm.toolkit.fluxcd.io/name'],
];

function managerOf({ metadata }: KubernetesObject): string | undefined {
  for (const [manager, where, key] of marks) {
    const value = metadata[where]?.[key];
    if (value !== undefined) return `${manager} (${key}: ${value})`;
  }
  return undefined;
}
