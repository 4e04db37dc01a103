import { describeReference } from '../../kubernetes/describe-reference.ts';
import { budgetsFor, budgetsOf } from '../../kubernetes/disruption-budgets.ts';
import { daemonSetOf, type DrainTerms, fateOf } from '../../kubernetes/drain-filters.ts';
import { isKubernetesError } from '../../kubernetes/errors.ts';
import { type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { preconditionFailed } from '../refusal.ts';

/** What a drain does with the pods of a node, once it is sure that none stands against it. */
export interface PodsToDrain {
  /** With the budget that each is under. */
  evicted: { pod: KubernetesObject; budget?: string }[];
  /** On their way out already. */
  leaving: KubernetesObject[];
  warnings: string[];
  /** What is lost with pods that may go only because the caller said so. */
  lost: string[];
}

/** All pods of the node, and no other. */
export function podsOfNode(cluster: ClusterReader, node: string): Promise<{ items: KubernetesObject[] }> {
  return cluster.list({ apiVersion: 'v1', kind: 'Pod', fieldSelector: `spec.nodeName=${node}` });
}

/** Reads the pods of a node and sorts them. Throws the refusal that names each pod that must not go. */
export async function readPodsToDrain(
  cluster: ClusterReader,
  node: string,
  allowed: Omit<DrainTerms, 'daemonSets'>,
): Promise<PodsToDrain> {
  const { items: pods } = await podsOfNode(cluster, node);
  const terms = { ...allowed, daemonSets: await daemonSetsOf(cluster, pods) };
  const fates = pods.map((pod) => ({ pod, ...fateOf(pod, terms) }));
  const going = fates.flatMap((one) => (one.fate === 'evict' ? [one] : []));
  const budgets = await budgetsOf(
    cluster,
    going.map(({ pod }) => pod.metadata.namespace ?? ''),
  );
  const evicted = going.map(({ pod }) => ({ pod, budgets: budgetsFor(pod, budgets) }));

  const refused = fates.flatMap((one) => (one.fate === 'refuse' ? [one] : []));
  const several = evicted.filter((one) => one.budgets.length > 1);
  if (refused.length + several.length > 0) {
    throw preconditionFailed(
      `Node ${node} can't be drained: ${listed([
        ...refused.map(({ pod, why }) => `${nameOf(pod)}: ${why}`),
        ...several.map(
          (one) =>
            `${nameOf(one.pod)}: the budgets ${one.budgets.join(', ')} all select it, and the API server evicts no such pod`,
        ),
      ])}`,
      [
        ...new Set(refused.map(({ allowedBy }) => `pass ${allowedBy}: true, or take such pods away first`)),
        ...(several.length > 0 ? ['narrow the selectors of the budgets, so that one is left for each pod'] : []),
      ].join('; '),
    );
  }
  const staying = Map.groupBy(
    fates.flatMap((one) => (one.fate === 'stay' ? [one] : [])),
    ({ why }) => why,
  );
  const lost = going.flatMap((one) => one.lost.map((what) => `${nameOf(one.pod)} is evicted although ${what}`));
  return {
    evicted: evicted.map(({ pod, budgets: [budget] }) => ({ pod, ...(budget === undefined ? {} : { budget }) })),
    leaving: fates.flatMap((one) => (one.fate === 'wait' ? [one.pod] : [])),
    warnings: [
      ...[...staying].map(
        ([why, those]) => `Left where it is, as a ${why}: ${listed(those.map(({ pod }) => nameOf(pod)))}`,
      ),
      ...lost,
    ],
    lost,
  };
}

/** The UIDs of the DaemonSets that manage some of the pods and are still there: each read once. */
async function daemonSetsOf(cluster: ClusterReader, pods: readonly KubernetesObject[]): Promise<Set<string>> {
  const found = await Promise.all(
    pods.map(async (pod): Promise<string[]> => {
      const owner = daemonSetOf(pod);
      const { namespace } = pod.metadata;
      if (!owner || !namespace) return [];
      try {
        const { metadata } = await cluster.get({
          apiVersion: 'apps/v1',
          kind: 'DaemonSet',
          namespace,
          name: owner.name,
        });
        return metadata.uid === owner.uid ? [owner.uid] : [];
      } catch (error) {
        if (isKubernetesError(error, 'notFound')) return [];
        throw error;
      }
    }),
  );
  return new Set(found.flat());
}

const mostListed = 10;

function listed(texts: readonly string[]): string {
  const more = texts.length > mostListed ? `; and ${texts.length - mostListed} more` : '';
  return `${texts.slice(0, mostListed).join('; ')}${more}`;
}

function nameOf(pod: KubernetesObject): string {
  return describeReference(referenceTo(pod));
}
