import { randomUUID } from 'node:crypto';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import type { Ground } from './ground.ts';

/** Nodes that only pods of one scenario come to, so that draining one disturbs nobody else, nor is disturbed. */
export interface OwnNodes {
  /** For the pods that are to run there. */
  podSpec: { nodeSelector: Record<string, string>; tolerations: Record<string, string>[] };
  node(shape?: {
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    spec?: { unschedulable?: true; taints?: Record<string, string>[] };
  }): Promise<ObjectReference>;
}

export function ownNodes(ground: Pick<Ground, 'node'>): OwnNodes {
  const own = `own-${randomUUID().slice(0, 6)}`;
  return {
    podSpec: {
      nodeSelector: { 'test/own': own },
      tolerations: [{ key: 'test/own', operator: 'Equal', value: own, effect: 'NoSchedule' }],
    },
    node: ({ labels = {}, annotations = {}, spec: { taints = [], ...spec } = {} } = {}) =>
      ground.node({
        room: true,
        labels: { 'test/own': own, ...labels },
        annotations,
        spec: { taints: [{ key: 'test/own', value: own, effect: 'NoSchedule' }, ...taints], ...spec },
      }),
  };
}
