import * as z from 'zod';
import type { PatchChange } from '../changes/patch.ts';
import { type Plan, plan } from '../changes/plan.ts';
import { rolledOut } from '../changes/rollout-complete.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { controllerOf, type JsonObject, type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { listAt } from '../kubernetes/value-at.ts';
import { defineAction } from './define.ts';
import { optimizedContainers } from './planning/optimized-containers.ts';
import { recommendedResources, type Strategy } from './planning/recommended-resources.ts';
import { partitionWarnings, refuseHaltedRollout } from './planning/rollout-preconditions.ts';
import { usedResources } from './planning/used-resources.ts';
import { Refusal } from './refusal.ts';

const path = ['spec', 'template', 'spec', 'containers'];
const kinds = ['Deployment', 'StatefulSet', 'DaemonSet'];

export const optimizeResources = defineAction({
  name: 'optimize_resources',
  summary:
    'Fit the requests of a workload, or of all workloads of a namespace, to what a VerticalPodAutoscaler recommends, or else to what they use.',
  targets: [...kinds, 'Namespace'],
  risk: 'medium',
  again: 'no_op',
  parameters: z.strictObject({
    strategy: z
      .enum(['cost', 'performance', 'balanced'])
      .default('balanced')
      .describe(
        "The recommendation's lower bound (cost), target (balanced) or upper bound (performance); of the usage now, 15, 30 or 100 % of headroom",
      ),
    dry_run: z.boolean().default(false).describe('Show what would change, and change nothing'),
  }),
  refuses: [
    'a workload, or a namespace, of whose usage nothing is known',
    'a paused Deployment, or an update strategy `OnDelete`; in a namespace such a workload is left out',
  ],
  permissions: [
    {
      apiGroups: ['apps'],
      resources: ['deployments', 'statefulsets', 'daemonsets'],
      verbs: ['list', 'watch', 'patch'],
    },
    { apiGroups: ['autoscaling.k8s.io'], resources: ['verticalpodautoscalers'], verbs: ['list'] },
    { apiGroups: ['metrics.k8s.io'], resources: ['pods'], verbs: ['list'] },
  ],
  examples: [
    { target: 'production/deployment/web-server', parameters: { strategy: 'cost', dry_run: true } },
    { target: 'namespace/production', parameters: {} },
  ],

  async plan({ cluster, target, object, parameters: { strategy } }) {
    if (object.kind === 'Namespace') return await ofNamespace(cluster, object, strategy);
    refuseHaltedRollout(object, 'a change of resources');
    const fit = await fitOf(cluster, object, strategy);
    if (!fit) throw nothingKnown(`${describeReference(target)} uses`);
    return planned([fit], []);
  },
});

/** A workload's change, and what is to be said of it. */
interface Fit {
  change: PatchChange;
  source: string;
  told: string[];
  warnings: string[];
}

async function fitOf(cluster: ClusterReader, workload: KubernetesObject, strategy: Strategy): Promise<Fit | undefined> {
  const recommendation =
    (await recommendedResources(cluster, workload, strategy)) ?? (await usedResources(cluster, workload, strategy));
  if (!recommendation) return undefined;
  const target = referenceTo(workload);
  const from = listAt(workload, path);
  const { containers, told } = optimizedContainers(from, recommendation);
  const { resourceVersion } = workload.metadata;
  return {
    change: {
      kind: 'patch',
      target,
      ...(resourceVersion ? { resourceVersion } : {}),
      edits: [{ path, from, to: containers }],
      summary: `Fit ${describeReference(target)} to ${recommendation.source}${told.length > 0 ? ` (${told.join('; ')})` : ''}`,
    },
    source: recommendation.source,
    told,
    warnings: [...recommendation.warnings, ...partitionWarnings(workload)],
  };
}

/** The workloads of a namespace, one after another; what can't be fitted is left out, and named. */
async function ofNamespace(cluster: ClusterReader, namespace: KubernetesObject, strategy: Strategy): Promise<Plan> {
  const { name } = namespace.metadata;
  const lists = await Promise.all(kinds.map((kind) => cluster.list({ apiVersion: 'apps/v1', kind, namespace: name })));
  const fits: Fit[] = [];
  const leftOut: string[] = [];
  for (const workload of lists.flatMap(({ items }) => items)) {
    const why = unfit(workload);
    const fit = why === undefined ? await fitOf(cluster, workload, strategy) : undefined;
    if (fit) fits.push(fit);
    else
      leftOut.push(`Left out: ${why ?? `of what ${describeReference(referenceTo(workload))} uses nothing is known`}`);
  }
  if (fits.length === 0) throw nothingKnown(`the workloads of namespace ${name} use`);
  return planned(fits, leftOut);
}

function planned(fits: readonly Fit[], leftOut: readonly string[]): Plan {
  const changing = fits.filter(({ told }) => told.length > 0);
  const rollouts = fits.map(({ change }) => rolledOut(change.target));
  return plan({
    changes: fits.map(({ change }) => change),
    expect: rollouts,
    undoExpect: rollouts,
    warnings: [...leftOut, ...changing.flatMap(({ warnings }) => warnings)],
    riskReasons: changing.length > 1 ? [`${changing.length} workloads replace their pods`] : [],
    result: { workloads: fits.map(resultOf) },
  });
}

function resultOf({ change: { target }, source, told }: Fit): JsonObject {
  return { workload: describeReference(target), source, changed: told };
}

/** Why a workload of a namespace is not one to change; undefined where it is. */
function unfit(workload: KubernetesObject): string | undefined {
  const named = describeReference(referenceTo(workload));
  const owner = controllerOf(workload);
  if (workload.metadata.deletionTimestamp) return `${named} is being deleted`;
  if (owner) return `${named} is controlled by ${owner.kind} ${owner.name}`;
  try {
    refuseHaltedRollout(workload, 'a change of resources');
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

function nothingKnown(what: string): Refusal {
  return new Refusal(
    'not_supported',
    `Of what ${what} nothing is known: no VerticalPodAutoscaler recommends anything, and the metrics API has measured nothing`,
    {
      hint: 'Install metrics-server, or a VerticalPodAutoscaler in the mode Off; increase_resources takes amounts by hand',
    },
  );
}
