import * as z from 'zod';
import type { AuthSettings } from '../config/auth-settings.ts';
import { askedOfServer, type Server } from './asked-of-server.ts';
import type { Caller } from './caller.ts';
import { recentAnswers } from './recent-answers.ts';
import type { Place, RightsOf, Verb } from './rights.ts';

const Review = z.object({ status: z.object({ allowed: z.boolean().optional(), denied: z.boolean().optional() }) });

/** Questions that are under way at one time, for a list of many namespaces. */
const mostAtOnce = 16;

/**
 * What callers may as the API server says, by whatever authorises there. Which namespaces somebody sees can't be asked in one
 * question: those that the history has are asked for one by one, unless all are seen.
 */
export function accessReviews({
  server,
  settings,
  namespacesOfHistory,
}: {
  server: Server;
  settings: Pick<AuthSettings, 'access_review' | 'token_review'>;
  namespacesOfHistory: () => Promise<readonly string[]>;
}): RightsOf {
  const remembered = recentAnswers<boolean>(settings.token_review.cache);
  const { group } = settings.access_review;
  return (caller) => {
    // Without a namespace the question is about all of them; without an action, too.
    const may = (verb: Verb, { action, namespace }: Partial<Place>) => {
      const resourceAttributes = {
        group,
        resource: 'actions',
        verb,
        ...(namespace === undefined ? {} : { namespace }),
        ...(action === undefined ? {} : { name: action }),
      };
      return remembered(keyOf(caller, resourceAttributes), () => review(caller, resourceAttributes));
    };
    return {
      name: caller.name,
      may,
      async sight({ action, namespace }) {
        const actions = action === undefined ? ('*' as const) : [action];
        const wanted = action === undefined ? {} : { action };
        if (await may('get', wanted)) return [{ namespaces: '*', actions }];
        const asked = namespace === undefined ? await namespacesOfHistory() : [namespace];
        const seen: string[] = [];
        for (let first = 0; first < asked.length; first += mostAtOnce) {
          const some = asked.slice(first, first + mostAtOnce);
          const answers = await Promise.all(some.map((each) => may('get', { ...wanted, namespace: each })));
          seen.push(...some.filter((_, index) => answers[index]));
        }
        return [{ namespaces: seen, actions }];
      },
    };
  };

  async function review({ user, groups }: Caller, resourceAttributes: object): Promise<boolean> {
    const { username, uid, extra } = user;
    const { status } = await askedOfServer(server, Review, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: username,
        groups,
        ...(uid === undefined ? {} : { uid }),
        ...(extra === undefined ? {} : { extra }),
        resourceAttributes,
      },
    });
    return status.allowed === true && status.denied !== true;
  }
}

function keyOf({ user, groups }: Caller, resourceAttributes: object): string {
  return JSON.stringify([user, groups, resourceAttributes]);
}
