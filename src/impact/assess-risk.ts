import { type RiskLevel, riskLevels } from '../actions/define.ts';
import type { Impact } from './impact.ts';

export interface Risk {
  level: RiskLevel;
  /** In sentences, with the numbers that they go by. */
  reasons: string[];
}

export interface RiskFactors {
  /** Of the plan itself. */
  planned: readonly string[];
  /** Labels of the namespace that it happens in. */
  namespace?: { name: string; labels: Record<string, string> } | undefined;
  impact?: Impact | undefined;
}

/** Labels by which teams tell what a namespace is for, and what they write there for the one that counts. */
const environmentLabels = ['environment', 'env', 'app.kubernetes.io/environment'];
const production = ['production', 'prod', 'live'];

/**
 * How risky a plan is: as its action is by itself, and one level more where anything of the plan, the namespace or the
 * impact speaks for it, however much that is. What only reads or makes something of its own has no impact.
 */
export function assessRisk(base: RiskLevel, factors: RiskFactors): Risk {
  const reasons = [...factors.planned, ...ofEnvironment(factors), ...(factors.impact ? ofImpact(factors.impact) : [])];
  return { level: raised(base, reasons.length > 0 ? 1 : 0), reasons };
}

/** The level that is so many above. */
function raised(level: RiskLevel, by: number): RiskLevel {
  return riskLevels[Math.min(riskLevels.indexOf(level) + by, riskLevels.length - 1)] ?? level;
}

function ofEnvironment({ namespace }: RiskFactors): string[] {
  const label =
    namespace && environmentLabels.find((key) => production.includes(namespace.labels[key]?.toLowerCase() ?? ''));
  return label ? [`Namespace ${namespace.name} is ${namespace.labels[label]} (label ${label})`] : [];
}

function ofImpact({ pods, ready_before, ready_during, services, data_loss }: Impact): string[] {
  if (pods === 0) return [];
  const dark = services.filter((one) => one.endpoints_before > 0 && one.endpoints_during === 0);
  const share = ready_before === 0 ? 1 : ready_during / ready_before;
  return [
    ...dark.map(
      ({ namespace, name, endpoints_before }) =>
        `Service ${namespace}/${name} would have none of its ${endpoints_before} ready endpoints for a while`,
    ),
    ...(share < 0.5 && ready_before > 1
      ? [`${ready_during} of ${ready_before} ready pods would stay: fewer than half`]
      : []),
    ...data_loss.map((what) => `Lost with the pods: ${what}`),
  ];
}
