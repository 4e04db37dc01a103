import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, ObjectQuery } from '../kubernetes/cluster.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import type { KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import { expectationKind } from './expectation-kinds.ts';
import type { Expectation, Judgement } from './expectation.ts';

export interface WatchUntilOptions {
  /** Ends the wait; the deadline of the run is part of it. */
  signal: AbortSignal;
  /** Objects as the writes answered them: what they prove already is not asked for again. */
  known?: readonly KubernetesObject[];
  /** Called whenever what is missing changes. */
  onProgress?: (detail: string) => void;
}

/** An expectation that can never come true; its message says why. */
export class ExpectationFailed extends Error {
  readonly expectation: Expectation;

  constructor(expectation: Expectation, detail: string) {
    super(detail);
    this.name = 'ExpectationFailed';
    this.expectation = expectation;
  }
}

/** A connection that has silently died shows only in the next list. */
const watchMs = 30_000;
/** A reason of its own spares the making of an exception each time. */
const overNow = 'nothing is watched any longer';
const firstPauseMs = 100;
const longestPauseMs = 2_000;

/**
 * Waits until all expectations hold at the same time: one list and one watch for each different query, judged anew
 * with each event. Throws ExpectationFailed, or the signal's reason when it ends first.
 */
export async function watchUntil(
  cluster: Cluster,
  expectations: readonly Expectation[],
  { signal, known = [], onProgress }: WatchUntilOptions,
): Promise<void> {
  const open = expectations.filter((expectation) => !proves(known, expectation));
  if (open.length === 0) return;

  const ended = new AbortController();
  const end = () => ended.abort(signal.reason);
  const views = viewsOf(open);
  let told = '';

  await new Promise<void>((resolve, reject) => {
    const judge = () => {
      if (views.some((view) => view.objects === undefined)) return;
      const judgements = views.flatMap((view) => view.judge());
      const failed = judgements.find(({ judgement }) => judgement.state === 'failed');
      if (failed?.judgement.state === 'failed') {
        reject(new ExpectationFailed(failed.expectation, failed.judgement.detail));
        return;
      }
      const missing = judgements.flatMap(({ judgement }) => (judgement.state === 'waiting' ? [judgement.detail] : []));
      if (missing.length === 0) {
        resolve();
        // At once, so that no watch is begun.
        ended.abort(overNow);
        return;
      }
      const detail = missing.join('; ');
      if (detail !== told) onProgress?.(detail);
      told = detail;
    };
    ended.signal.addEventListener('abort', () => reject(ended.signal.reason), { once: true });
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    for (const view of views) void follow(cluster, view, ended.signal, judge).catch(reject);
  }).finally(() => {
    signal.removeEventListener('abort', end);
    ended.abort(overNow);
  });
}

/** Judges once, from one list each: what holds now, in the order given. */
export async function judgeNow(
  cluster: Cluster,
  expectations: readonly Expectation[],
  signal: AbortSignal,
): Promise<{ summary: string; holds: boolean }[]> {
  return await Promise.all(
    expectations.map(async (expectation) => {
      const kind = expectationKind(expectation);
      const names = kind.byName?.(expectation);
      const objects = names
        ? await readNamed(cluster, names, signal)
        : (await cluster.list(kind.query(expectation), { signal })).items;
      return { summary: kind.describe(expectation), holds: kind.judge(expectation, objects).state === 'holds' };
    }),
  );
}

/** The objects of one query as they stand now, and what the expectations say of them. */
interface View {
  query: ObjectQuery;
  /** Set where these are read by name instead. */
  names: ObjectReference[] | undefined;
  objects: Map<string, KubernetesObject> | undefined;
  judge(): { expectation: Expectation; judgement: Judgement }[];
}

function viewsOf(expectations: readonly Expectation[]): View[] {
  const byQuery = Map.groupBy(expectations, (expectation) => {
    const kind = expectationKind(expectation);
    return JSON.stringify(kind.byName?.(expectation) ?? kind.query(expectation));
  });
  return [...byQuery.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const view: View = {
      query: expectationKind(first).query(first),
      names: expectationKind(first).byName?.(first),
      objects: undefined,
      judge: () => {
        const objects = [...(view.objects?.values() ?? [])];
        return group.map((expectation) => ({
          expectation,
          judgement: expectationKind(expectation).judge(expectation, objects),
        }));
      },
    };
    return [view];
  });
}

/** Keeps the view up to date until the signal ends; a watch that breaks begins again with a list. */
async function follow(cluster: Cluster, view: View, signal: AbortSignal, judge: () => void): Promise<void> {
  for (let pauseMs = firstPauseMs; !signal.aborted;) {
    try {
      if (view.names) {
        view.objects = keyed(await readNamed(cluster, view.names, signal));
        judge();
      } else {
        const { items, resourceVersion } = await cluster.list(view.query, { signal });
        view.objects = keyed(items);
        judge();
        if (signal.aborted) return;
        for await (const event of cluster.watch(view.query, resourceVersion, { signal, timeoutMs: watchMs })) {
          if (event.type === 'BOOKMARK') continue;
          if (event.type === 'DELETED') view.objects.delete(keyOf(event.object));
          else view.objects.set(keyOf(event.object), event.object);
          judge();
          pauseMs = firstPauseMs;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isKubernetesError(error, 'forbidden', 'unauthorized', 'invalid')) throw error;
      if (!isKubernetesError(error)) throw error;
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}

/** Those of the objects that are there. */
async function readNamed(
  cluster: Cluster,
  names: readonly ObjectReference[],
  signal: AbortSignal,
): Promise<KubernetesObject[]> {
  const read = names.map(async (reference) => {
    try {
      return [await cluster.get(reference, { signal })];
    } catch (error) {
      if (isKubernetesError(error, 'notFound')) return [];
      throw error;
    }
  });
  return (await Promise.all(read)).flat();
}

/** A single named object that a write has answered is proof enough where the expectation is about it alone. */
function proves(known: readonly KubernetesObject[], expectation: Expectation): boolean {
  const kind = expectationKind(expectation);
  const { apiVersion, kind: objectKind, namespace, fieldSelector } = kind.query(expectation);
  const objects = known.filter(
    (object) =>
      object.apiVersion === apiVersion &&
      object.kind === objectKind &&
      object.metadata.namespace === namespace &&
      fieldSelector === `metadata.name=${object.metadata.name}`,
  );
  return objects.length > 0 && kind.judge(expectation, objects).state === 'holds';
}

function keyed(objects: readonly KubernetesObject[]): Map<string, KubernetesObject> {
  return new Map(objects.map((object) => [keyOf(object), object]));
}

function keyOf({ metadata }: KubernetesObject): string {
  return metadata.uid ?? metadata.name;
}
