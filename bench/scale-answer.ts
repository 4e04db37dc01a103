import type { Cluster } from '../src/kubernetes/cluster.ts';
import { numberAt } from '../src/kubernetes/value-at.ts';
import type { httpClient } from './http-client.ts';
import { quantile, type Row } from './measure.ts';

const times = 15;

/** How long after the API server shows a rollout complete the answer comes: seen by a watch of the bench's own. */
export async function scaleRow(
  client: ReturnType<typeof httpClient>,
  cluster: Cluster,
  { namespace, name }: { namespace: string; name: string },
): Promise<Row> {
  const late: number[] = [];
  for (let index = 0; index < times; index += 1) {
    const replicas = index % 2 ? 2 : 3;
    const end = new AbortController();
    const seen = completion(cluster, { namespace, name, replicas, signal: end.signal });
    await client.execute('scale_deployment', { namespace, resource_name: name, replicas });
    const answeredAt = performance.now();
    const completeAt = await seen;
    end.abort();
    late.push(Math.max(0, answeredAt - completeAt));
  }
  const p95 = quantile(late, 0.95);
  return {
    what: 'scale: answer after the rollout shows complete, p95',
    ours: `${p95.toFixed(1)} ms`,
    bound: '100 ms',
    ratio: p95 / 100,
    limit: '<= 1.00',
    holds: p95 <= 100,
  };
}

async function completion(
  cluster: Cluster,
  { namespace, name, replicas, signal }: { namespace: string; name: string; replicas: number; signal: AbortSignal },
): Promise<number> {
  const query = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, fieldSelector: `metadata.name=${name}` };
  const { resourceVersion } = await cluster.list(query, { signal });
  for await (const event of cluster.watch(query, resourceVersion, { signal })) {
    if (event.type === 'BOOKMARK') continue;
    const { object } = event;
    const at = (field: string) => numberAt(object, ['status', field]);
    const whole = ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas'].every(
      (field) => at(field) === replicas,
    );
    if (
      whole &&
      numberAt(object, ['spec', 'replicas']) === replicas &&
      at('observedGeneration') >= (object.metadata.generation ?? 0)
    )
      return performance.now();
  }
  throw new Error('The watch ended before the rollout did');
}
