import * as z from 'zod';
import { nameFault, namespaceFault } from '../kubernetes/names.ts';
import { parseDuration } from '../text/duration.ts';
import { ExecutionId } from './execution-id.ts';
import { Moment } from './moment.ts';

const shortestTimeoutMs = 1_000;
const longestTimeoutMs = 6 * 60 * 60 * 1_000;

/** One line of text: no control characters, which have no business in a log or a label. */
const line = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[^\p{Cc}]*$/u, 'must not contain control characters');

/** `null`, which a Go caller sends for an empty map or pointer, counts as not given. */
const absentable = <T extends z.ZodType>(schema: T) => schema.nullish();

const namespace = checked(z.string().max(1_000), namespaceFault).describe('Namespace; empty counts as none');
const texts = (most: number) => z.record(z.string().max(317), z.string().max(most));

const timeoutWording = 'must be from 1s to 6h: a text such as "120s", or a number of nanoseconds';
const Timeout = z
  .union([z.string().max(40), z.int().nonnegative()], timeoutWording)
  .transform((value, context) => {
    const ms = typeof value === 'string' ? parseDuration(value) : value / 1_000_000;
    if (ms === 0) return undefined;
    if (ms !== undefined && ms >= shortestTimeoutMs && ms <= longestTimeoutMs) return Math.round(ms);
    context.addIssue({ code: 'custom', message: timeoutWording });
    return z.NEVER;
  })
  .describe('Deadline of the run: a duration such as "120s", or nanoseconds; 0 is the default');

const Parameters = z.record(z.string().max(100), z.json()).describe('See GET /api/v1/actions/{name}');

const Target = z.strictObject({
  kind: absentable(
    z
      .string()
      .max(100)
      .regex(/^[A-Za-z][A-Za-z0-9.]*$/, 'must be a kind such as Deployment'),
  ),
  api_version: absentable(checked(z.string().min(1).max(100), apiVersionFault)),
  namespace: absentable(namespace),
  name: checked(z.string().min(1).max(1_000), nameFault),
});

const Alert = z.strictObject({
  name: line(253),
  severity: absentable(z.string().max(64)),
  status: absentable(z.string().max(64)),
  description: absentable(z.string().max(10_000)),
  namespace: absentable(namespace),
  resource: absentable(z.string().max(1_000)),
  labels: absentable(texts(2_000)),
  annotations: absentable(texts(20_000)),
  fingerprint: absentable(line(200)),
  starts_at: absentable(z.string().max(64)),
  ends_at: absentable(z.string().max(64)),
});

const common = {
  target: absentable(Target),
  dry_run: absentable(z.boolean()),
  timeout: absentable(Timeout),
  correlation_id: absentable(line(200)),
  not_before: absentable(Moment),
};

/** The guide's shape: an action that was recommended, and the alert that it answers. */
export const RecommendationRequest = z
  .strictObject({
    action: z.strictObject({
      action: line(100),
      parameters: absentable(Parameters),
      priority: absentable(z.int().min(1).max(9)),
      confidence: absentable(z.number()),
      reasoning: absentable(z.json()),
    }),
    alert: absentable(Alert),
    ...common,
  })
  .meta({ id: 'RecommendationRequest' });

/** The workflow service's shape. Its `action_id` is the idempotency key and the execution's id. */
export const WorkflowRequest = z
  .strictObject({
    action_id: absentable(ExecutionId),
    action: line(100),
    workflow_id: absentable(line(200)),
    parameters: absentable(Parameters),
    priority: absentable(z.int().min(1).max(9)),
    metadata: absentable(z.record(z.string().max(100), z.json())),
    ...common,
  })
  .meta({ id: 'WorkflowRequest' });

/** The group and the version of a kind. */
function apiVersionFault(text: string): string | undefined {
  const slash = text.lastIndexOf('/');
  const group = slash < 0 ? undefined : nameFault(text.slice(0, slash));
  return (
    group ??
    (/^v[1-9]\d{0,3}((alpha|beta)[1-9]\d{0,3})?$/.test(text.slice(slash + 1))
      ? undefined
      : 'must be a version such as apps/v1')
  );
}

/** A schema that also asks one of the checks of Kubernetes names; an empty text is left to the caller. */
function checked(schema: z.ZodString, fault: (text: string) => string | undefined) {
  return schema.superRefine((text, context) => {
    const found = text === '' ? undefined : fault(text);
    if (found) context.addIssue({ code: 'custom', message: found });
  });
}
