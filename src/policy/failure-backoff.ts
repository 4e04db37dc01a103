import { describeReference } from '../kubernetes/describe-reference.ts';
import { type Rule, takesEffect } from './rule.ts';

/**
 * What has failed is tried again only after a while, longer each time; after as many failures in a row as the settings
 * say not at all, until somebody has looked at it. To resume what has failed last is such a look: it need not wait, but
 * does not lift what is blocked.
 */
export const failureBackoff: Rule = {
  name: 'failure_backoff',
  denies:
    'An action that has failed on that target: for `delays`, and after `blocked_after` failures in a row until one is acknowledged.',
  codes: ['failure_backoff', 'blocked'],
  permissions: [],
  onlyRuns: true,

  readAhead: ({ history, action, target }) => [history.failures(target, action.name)],

  async judge({ execution, plan, target, settings: { failure_backoff: setting }, history, beginsAt }) {
    if (!target || !takesEffect(plan)) return undefined;
    const { count, last } = await history.failures(target, execution.action);
    if (!last) return undefined;
    const { delays, blocked_after } = setting;
    const failed = `${execution.action} has failed ${count === 1 ? 'once' : `${count} times in a row`} on ${describeReference(target)}, last as execution ${last.id}`;
    const acknowledge = `POST /api/v1/executions/${encodeURIComponent(last.id)}/acknowledge`;
    if (count >= blocked_after) {
      return {
        verdict: 'deny',
        code: 'blocked',
        reason: `${failed}: it is blocked until that is acknowledged`,
        hint: `Look at why it keeps failing; then ${acknowledge}`,
      };
    }
    const delayMs = delays[Math.min(count, delays.length) - 1] ?? 0;
    const retryAt = new Date(last.at.getTime() + delayMs);
    if (beginsAt >= retryAt || execution.resumeOf === last.id) return undefined;
    return {
      verdict: 'deny',
      code: 'failure_backoff',
      reason: `${failed}, and is tried again from ${retryAt.toISOString()} on`,
      hint: `Look at why it failed; what is mended need not wait: ${acknowledge}`,
      retryAt,
    };
  },
};
