import type { JsonObject, KubernetesObject, ObjectReference } from '../../kubernetes/object.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { numberAt, textAt } from '../../kubernetes/value-at.ts';

/** An Event in a report. */
export interface EventSummary extends JsonObject {
  at: string;
  type: string;
  reason: string;
  message: string;
  count: number;
  object: string;
}

const mostEvents = 100;
/** The server lists by name, not by time: a smaller number would leave out just any. */
const mostRead = 5000;

/** The Events on these objects since then, the newest first. A small list for each: a namespace may have thousands. */
export async function eventsOn(
  cluster: ClusterReader,
  objects: readonly ObjectReference[],
  since: Date,
): Promise<EventSummary[]> {
  const lists = await Promise.all(
    objects.map(({ kind, namespace, name }) => {
      // Not by UID: the kubelet gives its node's name for it.
      const fieldSelector = `involvedObject.kind=${kind},involvedObject.name=${name}`;
      return listEvents(cluster, { ...(namespace ? { namespace } : {}), fieldSelector });
    }),
  );
  return newest(lists.flat(), since);
}

/** The Events of a whole namespace since then, the newest first. */
export async function eventsIn(cluster: ClusterReader, namespace: string, since: Date): Promise<EventSummary[]> {
  return newest(await listEvents(cluster, { namespace }), since);
}

async function listEvents(
  cluster: ClusterReader,
  where: { namespace?: string; fieldSelector?: string },
): Promise<KubernetesObject[]> {
  const query = { apiVersion: 'v1', kind: 'Event', ...where };
  return (await cluster.list(query, { limit: mostRead })).items;
}

function newest(events: readonly KubernetesObject[], since: Date): EventSummary[] {
  return events
    .map(summaryOf)
    .filter(({ at }) => Date.parse(at) >= since.getTime())
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
    .slice(0, mostEvents);
}

function summaryOf(event: KubernetesObject): EventSummary {
  const involved = ['kind', 'name'].map((key) => textAt(event, ['involvedObject', key]) ?? '').join('/');
  return {
    at:
      textAt(event, ['series', 'lastObservedTime']) ??
      textAt(event, ['lastTimestamp']) ??
      textAt(event, ['eventTime']) ??
      event.metadata.creationTimestamp ??
      '',
    type: textAt(event, ['type']) ?? 'Normal',
    reason: textAt(event, ['reason']) ?? '',
    message: textAt(event, ['message']) ?? '',
    count: numberAt(event, ['series', 'count'], numberAt(event, ['count'], 1)),
    object: involved,
  };
}
