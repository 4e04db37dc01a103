import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { CreateChange } from '../changes/create.ts';
import { noUndo, plan } from '../changes/plan.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import { defineTargetOptionalAction } from './define.ts';
import { reportableKinds } from './planning/reportable-kinds.ts';

/** What an Event's message may hold; the API server refuses more. */
const longestMessageBytes = 1024;

const parameters = z.strictObject({
  message: z
    .string()
    .min(1)
    .refine((text) => new TextEncoder().encode(text).length <= longestMessageBytes, 'must be at most 1024 bytes long')
    .describe('What to tell, at most 1024 bytes'),
  severity: z
    .enum(['info', 'warning', 'critical'])
    .default('info')
    .describe('`warning` and `critical` make it a Warning'),
});
type Parameters = z.output<typeof parameters>;

const irreversible = "what was told can't be taken back";

export const notifyOnly = defineTargetOptionalAction<Parameters>({
  name: 'notify_only',
  summary: 'Tell, and change nothing: an Event on the target and a line in the log.',
  targets: reportableKinds,
  risk: 'low',
  again: 'acts',
  irreversible,
  parameters,
  refuses: [],
  permissions: [{ apiGroups: [''], resources: ['events'], verbs: ['create'] }],
  examples: [
    {
      target: 'production/deployment/web-server',
      parameters: { message: 'Error rate above 5 %', severity: 'warning' },
    },
    { parameters: { message: 'The nightly check went through' } },
  ],

  async plan({ object, parameters: { message, severity }, actionId, now }) {
    return plan({
      changes: object ? [eventOn(object, { message, severity, actionId, now })] : [],
      undo: noUndo(irreversible),
      summary: `Notification (${severity}): ${message}`,
      result: { message, severity, delivered: object ? ['log', 'kubernetes_event'] : ['log'] },
    });
  },
});

/** An Event under a name that comes from the execution's, so that a second sending of it finds the first. */
function eventOn(
  object: KubernetesObject,
  { message, severity, actionId, now }: Parameters & { actionId: string; now: Date },
): CreateChange {
  const { apiVersion, kind, metadata } = object;
  const at = `${now.toISOString().slice(0, 19)}Z`;
  return {
    kind: 'create',
    object: {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        name: `executor-notification-${createHash('sha256').update(actionId).digest('hex').slice(0, 20)}`,
        // The API server wants Events on what has no namespace there.
        namespace: metadata.namespace ?? 'default',
        annotations: { 'executor.kubernaut.io/action-id': actionId },
      },
      involvedObject: {
        apiVersion,
        kind,
        name: metadata.name,
        ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
      },
      reason: 'ExecutorNotification',
      message,
      type: severity === 'info' ? 'Normal' : 'Warning',
      source: { component: 'executor-service' },
      reportingComponent: 'executor-service',
      reportingInstance: '',
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    },
    summary: `Record an Event on ${describeReference(referenceTo(object))}`,
  };
}
