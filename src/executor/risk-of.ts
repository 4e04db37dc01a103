import { type RiskLevel, riskLevels } from '../actions/define.ts';
import { isNoOp, onlyReads, type Plan } from '../changes/plan.ts';
import { assessRisk, type Risk } from '../impact/assess-risk.ts';
import { type Impact, impactOf } from '../impact/impact.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import type { ExecutorContext } from './context.ts';

/**
 * The risk of a plan, as far as it decides whether somebody has to agree: where it happens and who is touched raise the level
 * by one, so that is read only where one level more reaches `safety.approval.from_risk`. What may not be read raises it too:
 * whoever has to agree can look. The impact is given where it was read.
 */
export async function riskOf(
  { settings }: Pick<ExecutorContext, 'settings'>,
  reader: ClusterReader,
  {
    level,
    plan,
    target,
    dryRun,
  }: { level: RiskLevel; plan: Plan; target: ObjectReference | undefined; dryRun: boolean },
): Promise<{ risk: Risk; impact?: Impact }> {
  const planned = plan.riskReasons;
  const { fromRisk } = settings.safety.approval;
  const decides = fromRisk !== 'never' && riskLevels.indexOf(level) + 1 === riskLevels.indexOf(fromRisk);
  if (dryRun || !decides || planned.length > 0 || onlyReads(plan) || isNoOp(plan))
    return { risk: assessRisk(level, { planned }) };
  try {
    const [namespace, impact] = await Promise.all([namespaceLabels(reader, target), impactOf(reader, plan)]);
    return { risk: assessRisk(level, { planned, namespace, impact }), impact };
  } catch (error) {
    if (!isKubernetesError(error, 'forbidden')) throw error;
    return { risk: assessRisk(level, { planned: [`Who is touched could not be read: ${error.message}`] }) };
  }
}

/** The labels of the namespace that it happens in. */
export async function namespaceLabels(
  reader: ClusterReader,
  target: ObjectReference | undefined,
): Promise<{ name: string; labels: Record<string, string> } | undefined> {
  const name = target?.kind === 'Namespace' ? target.name : target?.namespace;
  if (name === undefined) return undefined;
  const { metadata } = await reader.get({ apiVersion: 'v1', kind: 'Namespace', name });
  return { name, labels: metadata.labels ?? {} };
}
