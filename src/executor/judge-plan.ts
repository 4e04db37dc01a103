import { Refusal } from '../actions/refusal.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import type { Quota, RadiusLimits } from '../policy/rule.ts';
import type { RuleHistory } from '../policy/rule-history.ts';
import { judge, type Question } from '../policy/rules.ts';
import type { ExecutorContext } from './context.ts';
import { historyOf } from './history-of.ts';
import type { VerdictRecord } from './record.ts';

/** What the rules said of a plan. */
export interface Judged {
  verdicts: VerdictRecord[];
  /** What the verdicts rely on to stay as it was read. */
  relies: ObjectReference[];
  /** What the claim is to count, so that not ever more is changed. */
  radius?: RadiusLimits;
  quotas: Quota[];
  /** What the rules deny, where they were asked only for what they say. */
  denials?: Refusal[];
}

/** What the rules are asked about, beside what every question of this service has in common. */
export interface PlanQuestion extends Pick<
  Question,
  'action' | 'execution' | 'plan' | 'target' | 'parameters' | 'caller' | 'dryRun' | 'isHeld'
> {
  reader: ClusterReader;
  /** Not to be started before. */
  notBefore?: Date | undefined;
  /** What they deny is told as `denials`, and counted nowhere. */
  explains?: boolean | undefined;
  history?: RuleHistory;
}

/** Asks the rules; throws the refusal of the first that denies. The verdicts of the others are kept. */
export async function judgePlan(
  context: ExecutorContext,
  { reader, notBefore, explains, history = historyOf(context), ...about }: PlanQuestion,
): Promise<Judged> {
  const { settings, observer, now } = context;
  const { refusal, denials, ...judged } = await observer.phase('rules', () =>
    judge({
      ...about,
      cluster: reader,
      history,
      mayService: context.mayService,
      beginsAt: new Date(Math.max(now().getTime(), notBefore?.getTime() ?? 0)),
      settings: settings.safety.rules,
      validates: settings.safety.enableValidation,
    }),
  );
  if (explains) return { ...judged, denials };
  for (const { rule, verdict } of judged.verdicts) observer.verdict(rule, verdict);
  if (refusal) {
    const denied = { action: about.action.name, target: about.target, verdicts: judged.verdicts };
    throw new Refusal(refusal.code, refusal.message, { ...refusal.details, denied });
  }
  return judged;
}
