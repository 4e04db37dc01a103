import { changeKind, changesOf } from '../changes/change-kinds.ts';
import { expectationKind } from '../changes/expectation-kinds.ts';
import type { Plan } from '../changes/plan.ts';
import { type Permission, permissionFor } from '../kubernetes/permission.ts';
import { describeRight, type OwnRight } from './own-rights.ts';
import type { Rule } from './rule.ts';

const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' };
const mostNamed = 5;

/**
 * What the service itself may not do is refused before anything is written, instead of being left half done. Asked is what
 * this plan writes and how it is seen to have taken effect; what was read for it has been allowed already.
 */
export const permissionCheck: Rule = {
  name: 'permission_check',
  denies: 'What this service itself has no right to write, or to see the effect of.',
  codes: ['permission_denied'],
  permissions: [permissionFor(review, ['create'])],

  async judge({ plan, action, mayService }) {
    const rights = rightsFor(plan);
    const answers = await Promise.all(rights.map((right) => mayService(right)));
    const missing = rights.filter((_, index) => !answers[index]);
    if (missing.length === 0) return undefined;
    const more = missing.length > mostNamed ? ` and ${missing.length - mostNamed} more` : '';
    return {
      verdict: 'deny',
      code: 'permission_denied',
      reason: `this service may not ${missing.slice(0, mostNamed).map(describeRight).join(', ')}${more}, which ${action.name} needs`,
      hint: 'Give its account the role of deploy/base/cluster-role.yaml, or one of npm run generate:rbac for the actions that are wanted; nothing was changed',
    };
  },
};

/** Each once, whatever the number of changes that need it. */
function rightsFor(plan: Plan): OwnRight[] {
  const changes = changesOf(plan.changes).filter((change) => !changeKind(change).isNoOp(change));
  if (changes.length === 0) return [];
  const rights = [
    ...changes.flatMap((change) => {
      const { namespace, name } = changeKind(change).target(change);
      return rightsOf(changeKind(change).permissions(change), { namespace, name });
    }),
    ...plan.expectations.flatMap((expectation) => {
      const { namespace } = expectationKind(expectation).query(expectation);
      return rightsOf(expectationKind(expectation).permissions(expectation), { namespace });
    }),
  ];
  return [...new Map(rights.map((right) => [JSON.stringify(right), right] as const)).values()];
}

function rightsOf(permissions: readonly Permission[], where: Pick<OwnRight, 'namespace' | 'name'>): OwnRight[] {
  return permissions.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.map((verb) => ({
          verb,
          group,
          resource,
          ...(where.namespace === undefined ? {} : { namespace: where.namespace }),
          // A list or a watch is of objects of any name, and what is made has none yet.
          ...(where.name === undefined || ['list', 'watch', 'create'].includes(verb) ? {} : { name: where.name }),
        })),
      ),
    ),
  );
}
