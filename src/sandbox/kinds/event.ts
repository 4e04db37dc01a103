import { type Resource, at } from '../resource.ts';
import { nameColumn, since } from './columns.ts';
import { type Kind, apiVersionOf } from './kind.ts';

const text =
  (...path: string[]) =>
  (object: Resource): string =>
    String(at(object, ...path) ?? '');

const columns: Kind['columns'] = [
  { name: 'Last Seen', cell: (object, now) => since(lastSeen(object), now) },
  { name: 'Type', cell: text('type') },
  { name: 'Reason', cell: text('reason') },
  {
    name: 'Object',
    cell: (object) =>
      `${text('involvedObject', 'kind')(object).toLowerCase()}/${text('involvedObject', 'name')(object)}`,
  },
  { name: 'Subobject', priority: 1, cell: text('involvedObject', 'fieldPath') },
  {
    name: 'Source',
    priority: 1,
    cell: (object) => text('source', 'component')(object) || text('reportingComponent')(object),
  },
  { name: 'Message', cell: (object) => text('message')(object).trim() },
  { name: 'First Seen', priority: 1, cell: (object, now) => since(object.firstTimestamp ?? lastSeen(object), now) },
  { name: 'Count', priority: 1, cell: (object) => Number(object.count ?? 1) },
  { ...nameColumn, priority: 1 },
];

export const events: Kind = {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
  shortNames: ['ev'],
  type: 'io.k8s.api.core.v1.Event',
  storage: '/events',
  fields: {
    'involvedObject.kind': text('involvedObject', 'kind'),
    'involvedObject.namespace': text('involvedObject', 'namespace'),
    'involvedObject.name': text('involvedObject', 'name'),
    'involvedObject.uid': text('involvedObject', 'uid'),
    'involvedObject.apiVersion': text('involvedObject', 'apiVersion'),
    'involvedObject.resourceVersion': text('involvedObject', 'resourceVersion'),
    'involvedObject.fieldPath': text('involvedObject', 'fieldPath'),
    reason: text('reason'),
    reportingComponent: text('reportingComponent'),
    source: text('source', 'component'),
    type: text('type'),
  },
  ownFieldRefusal: true,
  defaults(draft) {
    for (const time of ['eventTime', 'firstTimestamp', 'lastTimestamp']) draft[time] ??= null;
    for (const name of ['reportingComponent', 'reportingInstance']) draft[name] ??= '';
    draft.source ??= {};
  },
  validate(draft, faults) {
    const namespace = at(draft, 'involvedObject', 'namespace');
    if ((namespace ?? 'default') !== draft.metadata.namespace)
      faults.invalid('involvedObject.namespace', namespace ?? '', 'does not match event.namespace');
  },
  columns,
};

/** The same objects under their newer names. */
export const newEvents: Kind = {
  ...events,
  group: 'events.k8s.io',
  type: 'io.k8s.api.events.v1.Event',
  fields: {
    'regarding.kind': text('involvedObject', 'kind'),
    'regarding.namespace': text('involvedObject', 'namespace'),
    'regarding.name': text('involvedObject', 'name'),
    'regarding.uid': text('involvedObject', 'uid'),
    reason: text('reason'),
    reportingController: text('reportingComponent'),
    type: text('type'),
  },
  convert: {
    fromStored: (object) => ({ ...renamed(object, TO_NEW), apiVersion: 'events.k8s.io/v1' }),
    toStored: (object) => ({ ...renamed(object, TO_OLD), apiVersion: apiVersionOf(events) }),
  },
};

const TO_NEW: Record<string, string> = {
  involvedObject: 'regarding',
  message: 'note',
  reportingComponent: 'reportingController',
  source: 'deprecatedSource',
  firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp',
  count: 'deprecatedCount',
};
const TO_OLD = Object.fromEntries(Object.entries(TO_NEW).map(([old, name]) => [name, old]));

function renamed(object: Resource, names: Record<string, string>): Resource {
  const { apiVersion, kind, metadata } = object;
  return {
    ...Object.fromEntries(Object.entries(object).map(([key, value]) => [names[key] ?? key, value])),
    apiVersion,
    kind,
    metadata,
  };
}

function lastSeen(object: Resource): unknown {
  return (
    at(object, 'series', 'lastObservedTime') ??
    object.lastTimestamp ??
    object.eventTime ??
    object.metadata.creationTimestamp
  );
}
