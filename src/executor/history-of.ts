import { failuresOf } from '../database/failures.ts';
import { oscillationOf } from '../database/oscillation.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import type { RuleHistory } from '../policy/rule-history.ts';
import type { ExecutorContext } from './context.ts';

/** The history as the rules see it, for one planning: what has been done by the actions of this service on this cluster. */
export function historyOf({ database, cluster, actions }: ExecutorContext): RuleHistory {
  const named = ({ namespace, kind, name }: ObjectReference) => ({ cluster: cluster.name, namespace, kind, name });
  const ofClass = (wanted: string) =>
    actions.filter(({ cooldownClass }) => cooldownClass === wanted).map(({ name }) => name);
  const told = new Map<string, ReturnType<RuleHistory['failures']>>();
  return {
    oscillation: (target, windowMs) =>
      oscillationOf(database, {
        target: named(target),
        windowMs,
        scalings: ofClass('scale'),
        restarts: ofClass('restart'),
      }),
    failures(target, action) {
      const key = JSON.stringify([named(target), action]);
      const answer = told.get(key) ?? failuresOf(database, { target: named(target), action });
      told.set(key, answer);
      return answer;
    },
  };
}
