import type { CallOptions, Cluster, GetOptions, ListOptions, LogOptions, ObjectList, ObjectQuery } from './cluster.ts';
import type { KubernetesObject, ObjectReference } from './object.ts';

/**
 * A view of the cluster that can't write, for one planning: the same object is read once, however many ask for it,
 * and all of them see the same state.
 */
export interface ClusterReader {
  readonly name: string;
  get(reference: ObjectReference, subresource?: string): Promise<KubernetesObject>;
  /**
   * As `get`; of a reader that recalls, as the API server remembers it. What comes of that has to be proven, by a write
   * that carries the resourceVersion, or be found again by a reader that does not.
   */
  recall(reference: ObjectReference): Promise<KubernetesObject>;
  list(query: ObjectQuery, options?: Pick<ListOptions, 'limit' | 'metadataOnly'>): Promise<ObjectList>;
  logs(pod: ObjectReference, options?: Omit<LogOptions, keyof CallOptions>): Promise<string>;
}

export function readerOf(
  cluster: Cluster,
  { recalls = false, ...options }: CallOptions & { recalls?: boolean },
): ClusterReader {
  const read = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, ask: () => Promise<T>): Promise<T> => {
    const known = read.get(key);
    if (known) return sameAsked<T>(known);
    const asked = ask();
    read.set(key, asked);
    return asked;
  };
  const get = (
    { apiVersion, kind, namespace, name }: ObjectReference,
    { subresource, remembered = false }: Pick<GetOptions, 'subresource' | 'remembered'>,
  ) =>
    once(keyOf({ apiVersion, kind, namespace, name }, subresource), () =>
      cluster.get(
        { apiVersion, kind, name, ...(namespace ? { namespace } : {}) },
        { ...options, remembered, ...(subresource ? { subresource } : {}) },
      ),
    );
  return {
    name: cluster.name,
    get: (reference, subresource) => get(reference, subresource ? { subresource } : {}),
    recall: (reference) => get(reference, { remembered: recalls }),
    list: (query, listOptions) =>
      once(`list ${JSON.stringify([query, listOptions])}`, async () => {
        const list = await cluster.list(query, { ...options, ...listOptions });
        for (const item of listOptions?.metadataOnly ? [] : list.items) {
          // A workload's pods, listed for the plan, need not be read one by one for the rules.
          const { apiVersion, kind, metadata } = item;
          void once(keyOf({ apiVersion, kind, ...metadata }), async () => item);
        }
        return list;
      }),
    logs: (pod, logOptions) => cluster.logs(pod, { ...options, ...logOptions }),
  };
}

function keyOf(
  { apiVersion, kind, namespace = '', name }: Pick<ObjectReference, 'apiVersion' | 'kind' | 'namespace' | 'name'>,
  subresource = '',
): string {
  return `get ${apiVersion} ${kind} ${namespace} ${name} ${subresource}`;
}

/** The key says what was asked for, and so what kind of answer is kept under it. */
function sameAsked<T>(answer: Promise<unknown>): Promise<T> {
  return answer as Promise<T>;
}
