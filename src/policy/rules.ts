import { Refusal } from '../actions/refusal.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import { beingDeleted } from './being-deleted.ts';
import { controlPlane } from './control-plane.ts';
import { controllerOwned } from './controller-owned.ts';
import { gitopsManaged } from './gitops-managed.ts';
import { hpaConflict } from './hpa-conflict.ts';
import { lastNode } from './last-node.ts';
import { protectedTarget } from './protected-target.ts';
import type { Rule, RuleContext, Verdict } from './rule.ts';

/** Every rule, in the order in which they decide: the first that denies gives the refusal. */
export const rules: readonly Rule[] = [
  protectedTarget,
  beingDeleted,
  gitopsManaged,
  controllerOwned,
  hpaConflict,
  controlPlane,
  lastNode,
];

/** What a rule said, for the record. */
export interface VerdictOfRule {
  rule: string;
  verdict: Verdict['verdict'];
  reason: string;
}

export interface Judgement {
  verdicts: VerdictOfRule[];
  refusal?: Refusal;
  /** What the verdicts rely on to stay as it was read. */
  relies: ObjectReference[];
}

/**
 * Asks every rule that the settings leave on, side by side, and keeps all that they say. A rule that can't find out
 * stands in the way like one that denies, with its error, unless one before it denies.
 */
export async function judge(about: Omit<RuleContext, 'relyOn' | 'isHeld'> & Partial<RuleContext>): Promise<Judgement> {
  const relies: ObjectReference[] = [];
  const context: RuleContext = {
    isHeld: () => false,
    ...about,
    relyOn: (object: ObjectReference) => void relies.push(object),
  };
  const asked = rules.filter(({ name }) => !isSwitchedOff(name, context.settings));
  const answers = await Promise.allSettled(asked.map((rule) => rule.judge(context)));
  const verdicts: VerdictOfRule[] = [];
  let refusal: Refusal | undefined;
  let failure: { error: unknown } | undefined;
  for (const [index, answer] of answers.entries()) {
    const name = asked[index]?.name ?? '';
    if (answer.status === 'rejected') {
      failure ??= { error: answer.reason };
    } else if (answer.value) {
      verdicts.push({ rule: name, verdict: answer.value.verdict, reason: answer.value.reason });
      if (!failure) refusal ??= refusalOf(answer.value);
    }
  }
  if (refusal) return { verdicts, refusal, relies };
  if (failure) throw failure.error;
  return { verdicts, relies };
}

/** A rule that has no setting of its own is always on. */
function isSwitchedOff(name: string, settings: RuleContext['settings']): boolean {
  return Object.entries(settings).some(([key, { verdict }]) => key === name && verdict === 'off');
}

function refusalOf(verdict: Verdict): Refusal | undefined {
  if (verdict.verdict !== 'deny') return undefined;
  const { code, reason, hint } = verdict;
  return new Refusal(code, reason, hint ? { hint } : {});
}
