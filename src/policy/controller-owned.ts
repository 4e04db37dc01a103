import { describeReference } from '../kubernetes/describe-reference.ts';
import { hasFinished } from '../kubernetes/finished.ts';
import { controllerOf, referenceTo } from '../kubernetes/object.ts';
import { objectsOf, type Rule, writesTo } from './rule.ts';

/**
 * A controller takes back what others do to its objects: the change belongs on the owner. Pods may come and go, and a
 * renewal that is asked for is no part of what an owner wants of a Certificate or an ExternalSecret.
 */
export const controllerOwned: Rule = {
  name: 'controller_owned',
  denies: 'Changes to what a controller owns, which would take them back.',
  codes: ['precondition_failed'],
  permissions: [],

  async judge({ cluster, plan }) {
    const objects = await objectsOf(
      cluster,
      writesTo(plan).filter(({ kind }) => kind !== 'evict' && kind !== 'renew'),
    );
    for (const object of objects) {
      const owner = controllerOf(object);
      // What has ended for good is not made again either, when it is deleted.
      if (!owner || object.kind === 'Pod' || hasFinished(object)) continue;
      const { namespace } = object.metadata;
      const ownerNamed = describeReference({ ...owner, ...(namespace ? { namespace } : {}) });
      return {
        verdict: 'deny',
        code: 'precondition_failed',
        reason: `${describeReference(referenceTo(object))} is controlled by ${ownerNamed}, which would take the change back`,
        hint: `Act on ${ownerNamed} instead`,
      };
    }
    return undefined;
  },
};
