import { isKubernetesError } from '../../src/kubernetes/errors.ts';
import { eventually } from '../support/cluster.ts';
import type { Ground } from './ground.ts';

export interface CustomKindShape {
  group: string;
  kind: string;
  plural: string;
  scope?: 'Namespaced' | 'Cluster';
}

/** A kind that is not built in, as its CustomResourceDefinition makes it: with a status, and whatever fields. It stays. */
export async function ensureCustomKind(
  { cluster }: Pick<Ground, 'cluster'>,
  { group, kind, plural, scope = 'Namespaced' }: CustomKindShape,
): Promise<void> {
  const definition = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
  const name = `${plural}.${group}`;
  await cluster
    .create({
      ...definition,
      metadata: {
        name,
        // The API server takes no kind of this group without a word on its approval.
        ...(group.endsWith('.k8s.io')
          ? { annotations: { 'api-approved.kubernetes.io': 'unapproved, test-only' } }
          : {}),
      },
      spec: {
        group,
        scope,
        names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            subresources: { status: {} },
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    })
    .catch((error: unknown) => {
      if (!isKubernetesError(error, 'alreadyExists')) throw error;
    });
  await eventually(async () => {
    await cluster.list(
      { apiVersion: `${group}/v1`, kind, ...(scope === 'Cluster' ? {} : { namespace: 'default' }) },
      { limit: 1 },
    );
  }, 20_000);
}
