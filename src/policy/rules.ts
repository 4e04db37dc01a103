import { Refusal } from '../actions/refusal.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import { allowedActions } from './allowed-actions.ts';
import { beingDeleted } from './being-deleted.ts';
import { blastRadius } from './blast-radius.ts';
import { budgetHeadroom } from './budget-headroom.ts';
import { controlPlane } from './control-plane.ts';
import { controllerOwned } from './controller-owned.ts';
import { custom } from './custom.ts';
import { failureBackoff } from './failure-backoff.ts';
import { freezeWindow } from './freeze-window.ts';
import { gitopsManaged } from './gitops-managed.ts';
import { hpaConflict } from './hpa-conflict.ts';
import { inNamespaces } from './in-namespaces.ts';
import { lastNode } from './last-node.ts';
import { minimumReplicas } from './minimum-replicas.ts';
import { namespaceQuota } from './namespace-quota.ts';
import { oscillation } from './oscillation.ts';
import { permissionCheck } from './permission-check.ts';
import { protectedTarget } from './protected-target.ts';
import { singleReplica } from './single-replica.ts';
import type { Ahead, Quota, RadiusLimits, Rule, RuleContext, Verdict } from './rule.ts';

/**
 * Every rule, in the order in which they decide: the first that denies gives the refusal. What no time mends stands before
 * what passes.
 */
export const rules: readonly Rule[] = [
  protectedTarget,
  allowedActions,
  beingDeleted,
  gitopsManaged,
  controllerOwned,
  hpaConflict,
  controlPlane,
  lastNode,
  permissionCheck,
  minimumReplicas,
  singleReplica,
  budgetHeadroom,
  freezeWindow,
  failureBackoff,
  oscillation,
  custom,
  blastRadius,
  namespaceQuota,
];

/** What a rule said, for the record. */
export interface VerdictOfRule {
  rule: string;
  verdict: Verdict['verdict'] | 'ask';
  reason: string;
}

export interface Judgement {
  verdicts: VerdictOfRule[];
  /** That of the first rule that denies. */
  refusal?: Refusal;
  /** Those of all that deny, the same first. */
  denials: Refusal[];
  /** What the verdicts rely on to stay as it was read. */
  relies: ObjectReference[];
  /** What the claim is to count. */
  radius?: RadiusLimits;
  quotas: Quota[];
}

/** What the rules are asked about, and which of them. */
export interface Question
  extends
    Omit<RuleContext, 'relyOn' | 'boundBy' | 'quotaOf' | 'isHeld' | 'namespace'>,
    Partial<Pick<RuleContext, 'isHeld'>> {
  /** False: only the rules that have no setting of their own are asked. */
  validates?: boolean;
}

/**
 * Asks every rule that the settings leave on, side by side, and keeps all that they say. A rule that can't find out
 * stands in the way like one that denies, with its error, unless one before it denies. What a rule denies is asked of a
 * person where its setting says so: its verdict is `ask`, and nothing stands in the way yet.
 */
export async function judge({ validates = true, ...about }: Question): Promise<Judgement> {
  const relies: ObjectReference[] = [];
  const quotas: Quota[] = [];
  let radius: RadiusLimits | undefined;
  const context: RuleContext = {
    isHeld: () => false,
    ...about,
    namespace: namespaceOf(about.target),
    relyOn: (object: ObjectReference) => void relies.push(object),
    quotaOf: (more: Quota[]) => void quotas.push(...more),
    boundBy: (limits: RadiusLimits) => void (radius = limits),
  };
  const asked = rules.filter((rule) => !(about.dryRun && rule.onlyRuns) && isOn(rule.name, context, validates));
  const answers = await Promise.allSettled(asked.map((rule) => rule.judge(context)));
  const verdicts: VerdictOfRule[] = [];
  const denials: Refusal[] = [];
  let failure: { error: unknown } | undefined;
  for (const [index, answer] of answers.entries()) {
    const name = asked[index]?.name ?? '';
    if (answer.status === 'rejected') {
      failure ??= { error: answer.reason };
      continue;
    }
    if (answer.value === undefined) continue;
    for (const value of [answer.value].flat()) {
      const asks = value.verdict === 'deny' && (value.asks ?? settingOf(name, context)?.verdict === 'ask');
      verdicts.push({ rule: name, verdict: asks ? 'ask' : value.verdict, reason: value.reason });
      if (!failure && !asks && value.verdict === 'deny') denials.push(refusalOf(value));
    }
  }
  if (failure && denials.length === 0) throw failure.error;
  const [refusal] = denials;
  return { verdicts, denials, relies, quotas, ...(refusal ? { refusal } : {}), ...(radius ? { radius } : {}) };
}

/** Begins what the rules will read of a target. */
export function readAheadForRules(about: Ahead & { validates: boolean }): Promise<unknown>[] {
  const { dryRun, validates } = about;
  const context = { ...about, namespace: namespaceOf(about.target) };
  return rules
    .filter(({ name, onlyRuns }) => !(dryRun && onlyRuns) && isOn(name, context, validates))
    .flatMap((rule) => rule.readAhead?.(about) ?? []);
}

/** A rule that has no setting of its own is always on. */
function isOn(name: string, context: Pick<RuleContext, 'settings' | 'namespace'>, validates: boolean): boolean {
  const setting = settingOf(name, context);
  if (!setting) return true;
  if (!validates || setting.verdict === 'off') return false;
  // Its namespaces are those that it protects.
  return name === 'protected_target' || inNamespaces(context.namespace, setting.namespaces);
}

function settingOf(name: string, { settings }: Pick<RuleContext, 'settings'>) {
  const setting = isSetting(name, settings) ? settings[name] : undefined;
  // Each custom rule has its own verdict and namespaces.
  return Array.isArray(setting) ? { verdict: 'deny' as const, namespaces: ['*'] } : setting;
}

function isSetting<Settings extends object>(name: PropertyKey, settings: Settings): name is keyof Settings {
  return Object.hasOwn(settings, name);
}

/** A Namespace is in itself. */
function namespaceOf(target: ObjectReference | undefined): string | undefined {
  return target?.kind === 'Namespace' ? target.name : target?.namespace;
}

function refusalOf({ code, reason, hint, retryAt }: Extract<Verdict, { verdict: 'deny' }>): Refusal {
  return new Refusal(code, reason, { ...(hint ? { hint } : {}), ...(retryAt ? { retryAt } : {}) });
}
