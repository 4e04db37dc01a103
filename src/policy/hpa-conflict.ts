import { changeKind } from '../changes/change-kinds.ts';
import type { Change } from '../changes/change.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import { aimsAt } from '../kubernetes/scale-target.ts';
import { numberAt } from '../kubernetes/value-at.ts';
import { type Rule, writesTo } from './rule.ts';

/** A HorizontalPodAutoscaler sets the number of replicas of its workload itself, some seconds later. */
export const hpaConflict: Rule = {
  name: 'hpa_conflict',
  denies: 'Scaling what a HorizontalPodAutoscaler scales; `override_hpa: true` lets it pass.',
  codes: ['hpa_conflict'],
  permissions: [{ apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list'] }],

  async judge({ cluster, plan, parameters }) {
    for (const change of writesTo(plan).filter(setsReplicas)) {
      const target = changeKind(change).target(change);
      const { items } = await cluster.list({
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        ...(target.namespace ? { namespace: target.namespace } : {}),
      });
      const hpa = items.find((item) => aimsAt(item, 'scaleTargetRef', target));
      if (!hpa) continue;
      const reason = `${describeReference(referenceTo(hpa))} manages the replicas of ${describeReference(target)}, between ${rangeOf(hpa)}`;
      if (parameters['override_hpa'] === true) return { verdict: 'allow', reason: `${reason}; override_hpa is given` };
      return {
        verdict: 'deny',
        code: 'hpa_conflict',
        reason,
        hint: 'Use update_hpa to change its bounds, or pass override_hpa: true',
      };
    }
    return undefined;
  },
};

function setsReplicas(change: Change): boolean {
  return change.kind === 'patch' && change.edits.some(({ path }) => path.join('.') === 'spec.replicas');
}

function rangeOf(hpa: KubernetesObject): string {
  return `${numberAt(hpa, ['spec', 'minReplicas'], 1)} and ${numberAt(hpa, ['spec', 'maxReplicas'])}`;
}
