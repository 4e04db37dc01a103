import type { ObjectList } from './cluster.ts';
import type { ClusterReader } from './reader.ts';

/** At most so many nodes that take new pods: their metadata alone, found by the API server. */
export async function schedulableNodes(cluster: ClusterReader, atMost: number): Promise<ObjectList> {
  return await cluster.list(
    { apiVersion: 'v1', kind: 'Node', fieldSelector: 'spec.unschedulable=false' },
    { limit: atMost, metadataOnly: true },
  );
}
