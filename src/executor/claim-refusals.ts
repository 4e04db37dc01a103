import { Refusal } from '../actions/refusal.ts';
import type { ClaimAnswer } from '../database/claim-answer.ts';
import type { Control } from '../database/controls.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { formatDuration } from '../text/duration.ts';
import { ApprovalNeeded } from './agreed.ts';
import type { ExecutorContext } from './context.ts';
import type { Prepared } from './prepare.ts';

/** An answer that says what stands against the claim. */
type Against<Outcome extends ClaimAnswer['outcome']> = Extract<ClaimAnswer, { outcome: Outcome }>;

/** What stands against a claim, as the caller is told of it. */
export function claimRefused(
  { settings, now }: Pick<ExecutorContext, 'settings' | 'now'>,
  prepared: Prepared,
  answer: Against<'busy' | 'cooling' | 'undone' | 'stopped' | 'too_wide' | 'over_quota'>,
): Refusal {
  switch (answer.outcome) {
    case 'busy':
      return busy(prepared, answer);
    case 'cooling':
      return cooling(prepared, answer);
    case 'undone': {
      const by = answer.by ? `, by ${answer.by}` : '';
      return new Refusal('not_reversible', `Execution ${prepared.rollbackOf ?? ''} has been rolled back already${by}`);
    }
    case 'stopped':
      return stopped(prepared, answer.stop, now());
    case 'too_wide':
      return tooWide(prepared, answer, settings.safety.rules.blast_radius.verdict);
    case 'over_quota':
      return overQuota(prepared, answer, settings.safety.rules.namespace_quota.verdict);
  }
}

function busy(prepared: Prepared, { holder: { id, action, startedAt }, key }: Against<'busy'>): Refusal {
  const since = startedAt.toISOString();
  return new Refusal('target_busy', `${objectOf(prepared)} is held by execution ${id} (${action}), since ${since}`, {
    hint: `Wait until it is over: GET /api/v1/status/${encodeURIComponent(id)}`,
    extra: { holder: { action_id: id, action, started_at: since, object: key } },
  });
}

function cooling(prepared: Prepared, { by, until }: Against<'cooling'>): Refusal {
  return new Refusal(
    'cooldown_active',
    `${objectOf(prepared)} cools down from ${prepared.cooldownClass} (execution ${by}) until ${until.toISOString()}`,
    { retryAt: until, hint: 'Look first whether the last run has helped; then try again' },
  );
}

/** When it is lifted nobody knows; looked at so often it costs little. */
const stopRetryMs = 30_000;

function stopped(prepared: Prepared, { scope, reason, by, at }: Control, now: Date): Refusal {
  const what = scope === '*' ? 'the whole cluster' : `namespace ${scope}`;
  const who = `${by === null ? '' : ` by ${by}`}, since ${at.toISOString()}${reason === null ? '' : `: ${reason}`}`;
  return new Refusal('emergency_stop', `${objectOf(prepared)} is left alone: emergency stop of ${what}${who}`, {
    retryAt: new Date(now.getTime() + stopRetryMs),
    denied: deniedOf(prepared),
    extra: { stop: { scope, stopped: true, reason, by, at: at.toISOString() } },
  });
}

function tooWide(
  prepared: Prepared,
  { scope, changed, most, until }: Against<'too_wide'>,
  verdict: 'deny' | 'ask' | 'off',
): Refusal {
  const within = formatDuration(prepared.radius?.windowMs ?? 0);
  const what = {
    namespace: `targets in ${prepared.target?.namespace ?? ''} have been changed within ${within}`,
    cluster: `targets in the cluster have been changed within ${within}`,
    nodes: `nodes are out of service or have been changed within ${within}`,
  };
  const reason = `${changed} ${what[scope]}, and ${most} may be: ${objectOf(prepared)} would be one more`;
  const denied = deniedOf(prepared, { rule: 'blast_radius', verdict, reason });
  if (verdict === 'ask') return new ApprovalNeeded({ ...prepared, verdicts: denied.verdicts });
  const when = until ? { retryAt: until } : {};
  return new Refusal('blast_radius_exceeded', reason, {
    ...when,
    denied,
    hint: 'Look whether what was changed so far has helped; safety.rules.blast_radius in the settings says how much may be',
  });
}

function overQuota(
  prepared: Prepared,
  { used, most, windowMs, until }: Against<'over_quota'>,
  verdict: 'deny' | 'ask' | 'off',
): Refusal {
  const where = prepared.target?.namespace ?? 'no namespace';
  const reason = `${used} executions have changed something in ${where} within ${formatDuration(windowMs)}, and ${most} may`;
  const denied = deniedOf(prepared, { rule: 'namespace_quota', verdict, reason });
  if (verdict === 'ask') return new ApprovalNeeded({ ...prepared, verdicts: denied.verdicts });
  return new Refusal('quota_exceeded', reason, {
    retryAt: until,
    denied,
    hint: 'Ask again at retry_at; safety.rules.namespace_quota in the settings says how many may',
  });
}

/** For the audit; the claim's own verdict takes the place of what the rule itself could say. */
function deniedOf({ action, target, verdicts }: Prepared, verdict?: { rule: string; verdict: string; reason: string }) {
  const kept = verdicts.filter(({ rule }) => rule !== verdict?.rule);
  return { action, target, verdicts: verdict ? [...kept, verdict] : kept };
}

function objectOf({ target }: Prepared): string {
  return target ? describeReference(target) : 'The target';
}
