import type { JsonObject, KubernetesObject, ObjectReference } from '../../kubernetes/object.ts';
import { referenceTo } from '../../kubernetes/object.ts';
import { type Owner, ownerChain } from '../../kubernetes/owner-chain.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { ownedRevisions } from '../../kubernetes/revisions.ts';
import { selectorOf } from '../../kubernetes/selector-of.ts';
import { matchesSelector } from '../../kubernetes/selectors.ts';
import { textAt } from '../../kubernetes/value-at.ts';
import type { PlanContext } from '../define.ts';
import { type EventSummary, eventsIn, eventsOn } from './events.ts';
import { logsOf } from './logs.ts';
import { type Part, part, readable } from './part.ts';
import { podsAbout } from './pods.ts';
import { type Usage, usageOf } from './usage.ts';

export interface DiagnosticsWanted {
  include_logs: boolean;
  include_events: boolean;
  include_metrics: boolean;
  /** Milliseconds. */
  time_range: number;
  tail_lines: number;
}

/** What was found about an object; parts that were not asked for are undefined. */
export interface Gathered {
  owners: Part<Owner[]>;
  /** Those that fare worst first. */
  pods: Part<KubernetesObject[]>;
  nodes: Part<KubernetesObject[]>;
  budgets: Part<KubernetesObject[]>;
  events: Part<EventSummary[]> | undefined;
  usage: Part<Usage> | undefined;
  logs: JsonObject[] | undefined;
}

const largestLogBytes = 128 * 1024;
/** Only of the worst pods the events, the nodes and the usage are looked up. */
const mostPodsInDepth = 5;

/** Reads all that a report is made of, in two rounds of calls side by side. Fails in no part because of another. */
export async function gather(context: PlanContext<DiagnosticsWanted>, since: Date): Promise<Gathered> {
  const { cluster, object, parameters, now } = context;
  const [owners, pods, replicaSet] = await Promise.all([
    part(() => ownerChain(cluster, object, ['ReplicaSet', 'Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'])),
    part(() => podsAbout(cluster, object)),
    part(() => newestReplicaSet(cluster, object)),
  ]);
  const all = readable(pods, []);
  const worst = all.slice(0, mostPodsInDepth);
  const concerned = [
    ...[object, ...readable(replicaSet, []), ...worst].map(referenceTo),
    ...readable(owners, []).map(({ reference }) => reference),
  ];
  const { tail_lines: tailLines } = parameters;
  const [nodes, budgets, events, logs] = await Promise.all([
    part(() => nodesOf(cluster, object, worst)),
    part(() => budgetsOver(cluster, object, worst)),
    parameters.include_events ? part(() => eventsAbout(cluster, object, concerned, since)) : undefined,
    parameters.include_logs ? logsOf(cluster, all, { tailLines, since, now, limitBytes: largestLogBytes }) : undefined,
  ]);
  const usage = parameters.include_metrics ? await part(() => usageOf(cluster, worst, readable(nodes, []))) : undefined;
  return { owners, pods, nodes, budgets, events, usage, logs };
}

/** Where the Events on pods that can't even be created are. */
async function newestReplicaSet(cluster: ClusterReader, object: KubernetesObject): Promise<KubernetesObject[]> {
  if (object.kind !== 'Deployment') return [];
  return (await ownedRevisions(cluster, object)).slice(-1).map(({ keptBy }) => keptBy);
}

async function nodesOf(
  cluster: ClusterReader,
  object: KubernetesObject,
  pods: readonly KubernetesObject[],
): Promise<KubernetesObject[]> {
  if (object.kind === 'Node') return [object];
  const names = new Set(pods.flatMap((pod) => textAt(pod, ['spec', 'nodeName']) ?? []));
  return Promise.all([...names].map((name) => cluster.get({ apiVersion: 'v1', kind: 'Node', name })));
}

/** The disruption budgets that count one of these pods. */
async function budgetsOver(
  cluster: ClusterReader,
  object: KubernetesObject,
  pods: readonly KubernetesObject[],
): Promise<KubernetesObject[]> {
  const namespace = object.kind === 'Namespace' ? object.metadata.name : object.metadata.namespace;
  if (!namespace || pods.length === 0) return [];
  const { items } = await cluster.list({ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', namespace });
  return items.filter((budget) => {
    const selector = selectorOf(budget);
    return selector && pods.some((pod) => matchesSelector(selector, pod.metadata.labels));
  });
}

function eventsAbout(
  cluster: ClusterReader,
  object: KubernetesObject,
  concerned: readonly ObjectReference[],
  since: Date,
): Promise<EventSummary[]> {
  if (object.kind === 'Namespace') return eventsIn(cluster, object.metadata.name, since);
  return eventsOn(cluster, concerned, since);
}
