import { randomUUID } from 'node:crypto';
import type { Cluster } from '../../src/kubernetes/cluster.ts';
import { isKubernetesError } from '../../src/kubernetes/errors.ts';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import { createDeployment, createNamespace } from '../support/cluster.ts';

/** What the requests are about: a namespace of Deployments, and nodes, of this run alone. */
export interface Ground {
  namespace: string;
  deployment(index: number): ObjectReference;
  node(index: number): ObjectReference;
  /** The name of one of its pods, if it has any. */
  podOf(index: number, which: number): Promise<string | undefined>;
  nodes: number;
  deployments: number;
  clear(): Promise<void>;
}

const deployments = 6;
/** Those that are cordoned and drained, and those that are left alone, so that pods always have a place. */
const nodes = 4;
const quietNodes = 2;

export async function prepareGround(cluster: Cluster): Promise<Ground> {
  const run = randomUUID().slice(0, 6);
  const nodeNames = Array.from({ length: nodes + quietNodes }, (_, index) => `chaos-${run}-${index}`);
  for (const name of nodeNames) await cluster.create({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
  const namespace = await createNamespace(cluster, 'chaos');
  await Promise.all(
    Array.from({ length: deployments }, async (_, index) => {
      const name = `web-${index}`;
      const slow = { 'test/ready-after': `${0.4 + index * 0.3}s`, 'test/terminate-after': `${300 + index * 250}ms` };
      await createDeployment(cluster, { namespace, name, replicas: 3, podAnnotations: slow });
      // Every other one spares a pod, so that drains have to wait.
      if (index % 2 === 0) {
        await cluster.create({
          apiVersion: 'policy/v1',
          kind: 'PodDisruptionBudget',
          metadata: { name, namespace },
          spec: { maxUnavailable: 1, selector: { matchLabels: { app: name } } },
        });
      }
    }),
  );
  return {
    namespace,
    deployments,
    nodes,
    deployment: (index) => ({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: `web-${index}` }),
    node: (index) => ({ apiVersion: 'v1', kind: 'Node', name: nodeNames[index] ?? '' }),
    async podOf(index, which) {
      const query = { apiVersion: 'v1', kind: 'Pod', namespace, labelSelector: `app=web-${index}` };
      const { items } = await cluster.list(query);
      return items[Math.floor(which * items.length)]?.metadata.name;
    },
    async clear() {
      const away = [
        { apiVersion: 'v1', kind: 'Namespace', name: namespace },
        ...nodeNames.map((name) => ({ apiVersion: 'v1', kind: 'Node', name })),
      ];
      for (const reference of away) {
        await cluster.delete(reference).catch((error: unknown) => {
          if (!isKubernetesError(error, 'notFound')) throw error;
        });
      }
    },
  };
}
