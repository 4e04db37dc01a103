import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject, ObjectReference } from '../../../src/kubernetes/object.ts';
import type { Broken, Evidence, Finding } from '../evidence.ts';
import { valueAt } from './value-at.ts';

/** The part of a field that is the service's; controllers write taints of their own beside. */
const fields: Record<string, (object: unknown) => unknown> = {
  '/spec/replicas': (object) => valueAt(object, '/spec/replicas'),
  '/spec/unschedulable': (object) => valueAt(object, '/spec/unschedulable') ?? false,
  '/spec/taints': (object) => chaosTaints(valueAt(object, '/spec/taints')),
  '/spec/template/spec/containers': (object) => debugLevel(valueAt(object, '/spec/template/spec/containers')),
  '/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt': (object) =>
    valueAt(object, '/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt') ?? null,
};

/** Each object stands as the last change that was recorded as applied has left it. */
export function clusterAsRecorded(
  { runs }: Evidence,
  objects: readonly { reference: ObjectReference; object: KubernetesObject }[],
): Finding {
  const broken: Broken[] = [];
  let checked = 0;
  const ordered = runs.toSorted((a, b) => a.beganAt - b.beganAt);
  for (const { reference, object } of objects) {
    for (const [pointer, read] of Object.entries(fields)) {
      const last = ordered
        .flatMap((run) =>
          run.changes
            .filter(
              ({ target, after }) =>
                target.kind === reference.kind && target.name === reference.name && pointer in (after ?? {}),
            )
            .map((change) => ({ id: run.id, change })),
        )
        .filter(({ change }) => change.status === 'applied' || change.status === 'unknown')
        .at(-1);
      // Nobody knows whether it was done, and the record says so.
      if (!last || last.change.status === 'unknown') continue;
      checked += 1;
      const recorded = read(objectWith(pointer, last.change.after?.[pointer]));
      const stands = read(object);
      if (!isDeepStrictEqual(stands, recorded)) {
        const what = `${reference.kind} ${reference.name} ${pointer} is ${JSON.stringify(stands)}, not ${JSON.stringify(recorded)} as ${last.id} has it`;
        broken.push({ what, ids: [last.id] });
      }
    }
  }
  return { invariant: 'the cluster is as recorded', checked, broken };
}

function objectWith(pointer: string, value: unknown): unknown {
  const path = pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/'));
  return path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
}

function chaosTaints(taints: unknown): string[] {
  if (!Array.isArray(taints)) return [];
  return (taints as { key: string; value?: string; effect: string }[])
    .filter(({ key }) => key.startsWith('chaos.example/'))
    .map(({ key, value = '', effect }) => `${key}=${value}:${effect}`)
    .toSorted();
}

function debugLevel(containers: unknown): unknown {
  if (!Array.isArray(containers)) return null;
  const [container] = containers as { env?: { name: string; value?: string }[] }[];
  return container?.env?.find(({ name }) => name === 'LOG_LEVEL')?.value ?? null;
}
