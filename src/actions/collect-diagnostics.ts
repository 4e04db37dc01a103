import * as z from 'zod';
import { noUndo, plan } from '../changes/plan.ts';
import type { JsonObject } from '../json.ts';
import { defineAction } from './define.ts';
import { diagnose } from './diagnostics/diagnose.ts';
import { timeRange, wholeNumber } from './parameters.ts';
import { reportableKinds } from './planning/reportable-kinds.ts';

const irreversible = 'it only reads';

export const collectDiagnostics = defineAction({
  name: 'collect_diagnostics',
  summary: 'Report on an object: its pods, containers, logs, events, nodes and usage, and what stands out.',
  targets: reportableKinds,
  risk: 'low',
  again: 'acts',
  irreversible,
  parameters: z.strictObject({
    include_logs: z.boolean().default(true).describe('Logs of the containers, also of the ones before a restart'),
    include_events: z.boolean().default(true).describe('Events on the object, its owners and its pods'),
    include_metrics: z
      .boolean()
      .default(true)
      .describe('Usage of pods and nodes, where the cluster has the metrics API'),
    time_range: timeRange({ default: '1h', longest: '7d' }),
    tail_lines: wholeNumber({ min: 1, max: 5000 }).prefault(200).describe('Lines of each log, counted from its end'),
  }),
  refuses: [],
  permissions: [
    { apiGroups: [''], resources: ['pods', 'events'], verbs: ['list'] },
    { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
    { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['list'] },
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['list'] },
    { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['list'] },
    { apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get'] },
  ],
  examples: [
    { target: 'production/deployment/web-server', parameters: {} },
    { target: 'node/node-3', parameters: { include_logs: false, time_range: '30m' } },
  ],

  async plan(context) {
    const result = await diagnose(context);
    return plan({ changes: [], undo: noUndo(irreversible), summary: firstFindings(result), result });
  },
});

const mostTold = 3;

/** What an on-call engineer reads first; the report has the rest. */
function firstFindings({ findings }: JsonObject): string {
  const told = Array.isArray(findings) ? findings.slice(0, mostTold).map(String) : [];
  return told.length > 0 ? told.join('; ') : 'Nothing stands out';
}
