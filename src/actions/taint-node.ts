import * as z from 'zod';
import { plan } from '../changes/plan.ts';
import { tainted } from '../changes/tainted.ts';
import { type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import { finishedPhase } from '../kubernetes/pod-state.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { describeTaint, sameTaint, type Taint, taintFrom, taintsOf, tolerates } from '../kubernetes/taints.ts';
import { listAt, textAt } from '../kubernetes/value-at.ts';
import { defineAction } from './define.ts';
import {
  refusesTaintOfControllers,
  refuseTaintOfControllers,
  setTaints,
  taintEffect,
  taintKey,
  taintObject,
  taintValue,
} from './planning/node-taints.ts';
import { preconditionFailed } from './refusal.ts';

export const taintNode = defineAction({
  name: 'taint_node',
  summary: 'Keep pods off a node, or drive them from it, but for those that tolerate the taint.',
  targets: ['Node'],
  risk: 'high',
  again: 'no_op',
  parameters: z.strictObject({
    key: taintKey,
    effect: taintEffect.describe('`NoExecute` also evicts the pods that are there and do not tolerate it'),
    value: taintValue,
    overwrite: z.boolean().default(false).describe('Replace a taint of the same key and effect that has another value'),
  }),
  refuses: [
    'a node that has a taint of the same key and effect with another value, unless `overwrite` is true',
    refusesTaintOfControllers,
    'the last schedulable node, and a node of the control plane, where the effect is `NoSchedule` or `NoExecute`',
  ],
  permissions: [
    { apiGroups: [''], resources: ['nodes'], verbs: ['list', 'watch', 'patch'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
  ],
  examples: [{ target: 'node/node-3', parameters: { key: 'maintenance', effect: 'NoSchedule' } }],

  takesNodesAway: true,

  async plan({ cluster, object, parameters: { overwrite, ...taint } }) {
    refuseTaintOfControllers(object, taint.key);
    const same = taintsOf(object).find((other) => sameTaint(other, taint));
    if (same && (same.value ?? '') !== taint.value && !overwrite) {
      throw preconditionFailed(
        `Node ${object.metadata.name} has the taint ${describeTaint(same)} already`,
        'Pass overwrite: true to give it the other value, or use another key',
      );
    }
    const current = listAt(object, ['spec', 'taints']);
    const wanted = taintObject(taint);
    const to = same
      ? current.map((other) => (sameTaint(taintFrom(other), same) && same.value !== wanted['value'] ? wanted : other))
      : [...current, wanted];
    return plan({
      changes: [setTaints(object, to, `Taint node ${object.metadata.name} with ${describeTaint(taint)}`)],
      expect: [tainted(referenceTo(object), taint)],
      riskReasons: taint.effect === 'NoExecute' ? await evictions(cluster, object, taint) : [],
    });
  },
});

/** The taint drives these pods out at once, and asks no disruption budget. */
async function evictions(cluster: ClusterReader, node: KubernetesObject, taint: Taint): Promise<string[]> {
  const { name } = node.metadata;
  const { items } = await cluster.list({ apiVersion: 'v1', kind: 'Pod', fieldSelector: `spec.nodeName=${name}` });
  const going = items.filter((pod) => !finishedPhase(pod) && !tolerates(pod['spec'], taint, { stay: true }));
  if (going.length === 0) return [];
  const [first] = going;
  const named = first ? `, ${textAt(first, ['metadata', 'namespace'])}/${first.metadata.name} among them` : '';
  return [
    `NoExecute drives ${going.length} pods from node ${name} as a drain does, but without asking their disruption budgets${named}`,
  ];
}
