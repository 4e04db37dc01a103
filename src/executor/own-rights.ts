import * as z from 'zod';
import { recentAnswers } from '../callers/recent-answers.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { MayService, OwnRight } from '../policy/own-rights.ts';

const Review = z.object({ status: z.object({ allowed: z.boolean().optional(), denied: z.boolean().optional() }) });

const patienceMs = 5_000;
const rememberedMs = 30_000;

/** Given back where a question was denied: no answer that is kept, so that a role given a moment ago counts at once. */
class Denied extends Error {}

/**
 * What the service itself may, as the API server says by SelfSubjectAccessReview. The widest question is asked first, because
 * its answer does for all namespaces and names; answers are remembered for half a minute.
 */
export function ownRights(cluster: Cluster): MayService {
  const wide = recentAnswers<boolean>(rememberedMs);
  const narrow = recentAnswers<true>(rememberedMs);
  return async (right) => {
    const questions = narrowing(right);
    for (const [index, question] of questions.entries()) {
      const key = JSON.stringify(question);
      const isLast = index === questions.length - 1;
      if (isLast ? await allowed(key, question) : await wide(key, () => ask(cluster, question))) return true;
    }
    return false;
  };

  async function allowed(key: string, question: OwnRight): Promise<boolean> {
    try {
      return await narrow(key, async () => {
        if (await ask(cluster, question)) return true;
        throw new Denied();
      });
    } catch (error) {
      if (error instanceof Denied) return false;
      throw error;
    }
  }
}

function narrowing({ verb, group, resource, namespace, name }: OwnRight): OwnRight[] {
  const everywhere = { verb, group, resource };
  return [
    everywhere,
    ...(namespace === undefined ? [] : [{ ...everywhere, namespace }]),
    ...(name === undefined ? [] : [{ ...everywhere, ...(namespace === undefined ? {} : { namespace }), name }]),
  ];
}

async function ask(cluster: Cluster, { verb, group, resource, namespace, name }: OwnRight): Promise<boolean> {
  const [object, subresource] = resource.split('/');
  const answer = await cluster.create(
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: { name: '' },
      spec: {
        resourceAttributes: {
          verb,
          group,
          resource: object,
          ...(subresource === undefined ? {} : { subresource }),
          ...(namespace === undefined ? {} : { namespace }),
          ...(name === undefined ? {} : { name }),
        },
      },
    },
    // Not the signal of whoever asks first: others may wait for the same answer.
    { timeoutMs: patienceMs },
  );
  const { status } = Review.parse(answer);
  return status.allowed === true && status.denied !== true;
}
