import { describeReference } from '../kubernetes/describe-reference.ts';
import { referenceTo } from '../kubernetes/object.ts';
import { objectsOf, type Rule, writesTo } from './rule.ts';

/** What is on its way out is not changed any more. To delete or evict it once more is for the action to judge. */
export const beingDeleted: Rule = {
  name: 'being_deleted',
  denies: 'Changes to what is being deleted already.',
  codes: ['precondition_failed'],
  permissions: [],

  async judge({ cluster, plan }) {
    const changes = writesTo(plan).filter(({ kind }) => kind !== 'delete' && kind !== 'evict');
    const leaving = (await objectsOf(cluster, changes)).find(({ metadata }) => metadata.deletionTimestamp);
    if (!leaving) return undefined;
    return {
      verdict: 'deny',
      code: 'precondition_failed',
      reason: `${describeReference(referenceTo(leaving))} is being deleted since ${leaving.metadata.deletionTimestamp}`,
      hint: 'Wait until it is gone, and act on what takes its place',
    };
  },
};
