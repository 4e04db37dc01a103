/**
 * Settings for tests and benches that do the same to one target again and again, act on many, or break what they act on: the
 * rules that remember what was done are off, as is the one that asks about single replicas, and nobody is asked because of a
 * high risk, unless the test sets them.
 */
export const lenientRules: Record<string, string> = {
  EXECUTOR_ACTIONS_COOLDOWN_PERIOD: '0s',
  EXECUTOR_SAFETY_APPROVAL_FROM_RISK: 'never',
  EXECUTOR_SAFETY_RULES_SINGLE_REPLICA_VERDICT: 'off',
  EXECUTOR_SAFETY_RULES_OSCILLATION_VERDICT: 'off',
  EXECUTOR_SAFETY_RULES_BLAST_RADIUS_VERDICT: 'off',
  EXECUTOR_SAFETY_RULES_FAILURE_BACKOFF_VERDICT: 'off',
};
