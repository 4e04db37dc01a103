import * as z from 'zod';
import { conditionHolds } from '../changes/condition-holds.ts';
import type { FieldEdit } from '../changes/field-edit.ts';
import { fieldEquals } from '../changes/field-equals.ts';
import { type Plan, plan } from '../changes/plan.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { type Json, type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import { numberAt, valueAt } from '../kubernetes/value-at.ts';
import { defineAction } from './define.ts';
import { wholeNumber } from './parameters.ts';
import { autoscalerOf } from './planning/autoscaler-of.ts';
import { withUtilization } from './planning/utilization-metrics.ts';
import { preconditionFailed } from './refusal.ts';

const names = ['min_replicas', 'max_replicas', 'target_cpu_utilization', 'target_memory_utilization'] as const;

const utilization = (resource: string) =>
  wholeNumber({ min: 1, max: 1000 })
    .optional()
    .describe(`Average use of ${resource} to aim at, in percent of what the containers request`);

const parameters = z
  .strictObject({
    min_replicas: wholeNumber({ min: 0, max: 1000 }).optional().describe('Never fewer replicas than these'),
    max_replicas: wholeNumber({ min: 1, max: 1000 }).optional().describe('Never more replicas than these'),
    target_cpu_utilization: utilization('CPU'),
    target_memory_utilization: utilization('memory'),
  })
  .check(({ value, issues }) => {
    if (names.every((name) => value[name] === undefined)) {
      issues.push({ code: 'custom', message: `must give at least one of ${names.join(', ')}`, input: value });
    }
    const { min_replicas: min, max_replicas: max } = value;
    if (min !== undefined && max !== undefined && min > max) {
      const message = `must not be more than max_replicas, which is ${max}`;
      issues.push({ code: 'custom', message, input: value, path: ['min_replicas'] });
    }
  });
type Parameters = z.output<typeof parameters>;

export const updateHpa = defineAction<Parameters>({
  name: 'update_hpa',
  summary: 'Change the bounds or the targets of a HorizontalPodAutoscaler, and nothing else of it.',
  targets: ['HorizontalPodAutoscaler', 'Deployment', 'StatefulSet'],
  risk: 'medium',
  again: 'no_op',
  parameters,
  refuses: [
    'a request that gives nothing to change',
    'more replicas at least than at most, once what was given is merged with what stands there',
    'a workload without an autoscaler, or with more than one',
  ],
  permissions: [
    { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list', 'watch', 'patch'] },
  ],
  examples: [
    { target: 'production/horizontalpodautoscaler/web-server', parameters: { min_replicas: 3, max_replicas: 12 } },
    { target: 'production/deployment/web-server', parameters: { target_cpu_utilization: 70 } },
  ],

  plan: async (context) => planned(await autoscalerOf(context.cluster, context.object), context.parameters),
});

function planned(hpa: KubernetesObject, parameters: Parameters): Plan {
  const target = referenceTo(hpa);
  refuseBounds(hpa, parameters);
  const { metrics, warnings } = withUtilization(hpa, {
    cpu: parameters.target_cpu_utilization,
    memory: parameters.target_memory_utilization,
  });
  const edits = [
    edit(hpa, 'minReplicas', parameters.min_replicas),
    edit(hpa, 'maxReplicas', parameters.max_replicas),
    edit(hpa, 'metrics', metrics),
  ].flatMap((given) => given ?? []);
  const { resourceVersion } = hpa.metadata;
  const told = names.flatMap((name) => (parameters[name] === undefined ? [] : [`${name} ${parameters[name]}`]));
  return plan({
    changes: [
      {
        kind: 'patch',
        target,
        ...(resourceVersion ? { resourceVersion } : {}),
        edits,
        summary: `Set ${told.join(', ')} of ${describeReference(target)}`,
      },
    ],
    expect: [...edits.map(({ path, to }) => fieldEquals(target, path, to)), conditionHolds(target, 'AbleToScale')],
    warnings,
    riskReasons: scaledDown(hpa, parameters),
  });
}

function refuseBounds(hpa: KubernetesObject, { min_replicas, max_replicas }: Parameters): void {
  const min = min_replicas ?? numberAt(hpa, ['spec', 'minReplicas'], 1);
  const max = max_replicas ?? numberAt(hpa, ['spec', 'maxReplicas']);
  if (min <= max) return;
  const has = `${numberAt(hpa, ['spec', 'minReplicas'], 1)} to ${numberAt(hpa, ['spec', 'maxReplicas'])} replicas`;
  throw preconditionFailed(
    `${describeReference(referenceTo(hpa))} would have at least ${min} and at most ${max} replicas; it has ${has} now`,
    `Give ${min_replicas === undefined ? 'min_replicas' : 'max_replicas'} as well`,
  );
}

function edit(hpa: KubernetesObject, field: string, to: Json | undefined): FieldEdit | undefined {
  if (to === undefined) return undefined;
  const path = ['spec', field];
  const from = valueAt(hpa, path);
  return { path, ...(from === undefined ? {} : { from }), to };
}

/** A lower maximum takes replicas away within seconds. */
function scaledDown(hpa: KubernetesObject, { max_replicas }: Parameters): string[] {
  const current = numberAt(hpa, ['status', 'currentReplicas']);
  if (max_replicas === undefined || current <= max_replicas) return [];
  return [`${current} replicas run now: ${current - max_replicas} of them will be taken away`];
}
