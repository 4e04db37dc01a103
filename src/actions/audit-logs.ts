import * as z from 'zod';
import { noUndo, plan } from '../changes/plan.ts';
import type { JsonObject } from '../kubernetes/object.ts';
import { referenceTo } from '../kubernetes/object.ts';
import { type Audited, auditReport } from './audit/audit-report.ts';
import { auditSummary, auditText } from './audit/audit-text.ts';
import { countLines } from './audit/count-lines.ts';
import { readLogs } from './audit/read-logs.ts';
import { defineAction, type PlanContext } from './define.ts';
import { eventsIn, eventsOn } from './diagnostics/events.ts';
import { fit } from './diagnostics/fit.ts';
import { part } from './diagnostics/part.ts';
import { podsAbout } from './diagnostics/pods.ts';
import { redactReport } from './diagnostics/redact.ts';
import { timeRange } from './parameters.ts';

const irreversible = 'it only reads';

const parameters = z.strictObject({
  time_range: timeRange({ default: '24h', longest: '7d' }),
  scope: z
    .enum(['security', 'errors', 'all'])
    .default('security')
    .describe('Which lines are quoted: failures of authentication and authorisation, errors, or both'),
  output_format: z.enum(['json', 'text']).default('json').describe('The result as data, or as a page to read'),
});
type Parameters = z.output<typeof parameters>;

export const auditLogs = defineAction<Parameters>({
  name: 'audit_logs',
  summary: 'Count what the logs of pods tell: levels, failed logins, denied access; with restarts and warning events.',
  targets: ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'Pod', 'Namespace'],
  risk: 'low',
  again: 'acts',
  irreversible,
  parameters,
  refuses: [],
  permissions: [
    { apiGroups: [''], resources: ['pods', 'events'], verbs: ['list'] },
    { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  ],
  examples: [
    { target: 'production/deployment/web-server', parameters: {} },
    { target: 'namespace/production', parameters: { time_range: '1h', scope: 'all', output_format: 'text' } },
  ],

  async plan(context) {
    const audited = await audit(context);
    return plan({
      changes: [],
      undo: noUndo(irreversible),
      summary: auditSummary(audited),
      result: context.parameters.output_format === 'text' ? asText(audited) : asJson(audited),
    });
  },
});

/** Stored with the execution, and answered with it. */
const largestReportBytes = 64 * 1024;
/** Of so many pods, those that fare worst, the events are looked up one by one. */
const mostPodsWithEvents = 10;

async function audit({ cluster, object, parameters, now }: PlanContext<Parameters>): Promise<Audited> {
  const since = new Date(now.getTime() - parameters.time_range);
  const pods = await podsAbout(cluster, object);
  const concerned = [object, ...pods.filter(({ metadata }) => metadata.uid !== object.metadata.uid)]
    .slice(0, mostPodsWithEvents)
    .map(referenceTo);
  const [{ logs, unread }, events] = await Promise.all([
    readLogs(cluster, pods, Math.ceil(parameters.time_range / 1000)),
    part(() =>
      object.kind === 'Namespace'
        ? eventsIn(cluster, object.metadata.name, since)
        : eventsOn(cluster, concerned, since),
    ),
  ]);
  const counts = countLines(logs, parameters.scope);
  return { target: referenceTo(object), scope: parameters.scope, since, pods, logs, unread, counts, events };
}

function asJson(audited: Audited): JsonObject {
  return fit(redactReport(auditReport(audited)), largestReportBytes);
}

function asText(audited: Audited): JsonObject {
  return { text: auditText(audited).slice(0, largestReportBytes) };
}
