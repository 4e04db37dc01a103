import type { ObjectQuery } from '../kubernetes/cluster.ts';
import type { ExpectationKind } from './expectation.ts';
import { watchPermissions } from './object-query.ts';

/** Of what the query finds, none of these very objects is there any more: one list and one watch, however many they are. */
export interface AllGone {
  kind: 'all_gone';
  query: ObjectQuery;
  uids: string[];
}

export const allGoneKind: ExpectationKind<AllGone> = {
  describe: ({ query, uids }) =>
    `${uids.length} ${query.kind}s${query.namespace ? ` in ${query.namespace}` : ''} are gone`,
  permissions: ({ query }) => watchPermissions(query),
  query: ({ query }) => query,
  judge({ query, uids }, objects) {
    const left = objects.filter(({ metadata }) => uids.includes(metadata.uid ?? ''));
    if (left.length === 0) return { state: 'holds' };
    return { state: 'waiting', detail: `${left.length} of ${uids.length} ${query.kind}s are still there` };
  },
};
