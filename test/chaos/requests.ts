import { seeded } from './seeded.ts';

/** What a caller asks for, by the names that `ground.ts` gives. */
export interface ChaosRequest {
  /** Its number; the execution's id and idempotency key are made of it. */
  number: number;
  atMs: number;
  what: 'execute' | 'rollback' | 'resume' | 'cancel';
  action: string;
  target?: { kind: 'Deployment' | 'Node' | 'Pod'; index: number };
  parameters: Record<string, unknown>;
  dryRun: boolean;
  /** The alert's shape with an Idempotency-Key, or the workflow service's with an id of the caller's. */
  shape: 'alert' | 'workflow';
  /** Of `Prefer`. */
  prefer?: string;
  notBeforeMs?: number;
  timeoutS: number;
  /** Which replica is asked first. */
  first: number;
  /** Sent to two replicas at once: a caller that lost patience. */
  twice: boolean;
  /** Of what is done to an earlier request: which of those that can be meant, from 0 up to 1. */
  which: number;
}

export interface RequestPlan {
  seed: number;
  lengthMs: number;
  perSecond: number;
  replicas: number;
  deployments: number;
  nodes: number;
}

const weights = {
  scale_deployment: 20,
  restart_deployment: 12,
  restart_pod: 12,
  cordon_node: 7,
  uncordon_node: 14,
  taint_node: 7,
  untaint_node: 6,
  drain_node: 14,
  enable_debug_mode: 9,
  notify_only: 3,
  collect_diagnostics: 3,
  rollback: 8,
  cancel: 7,
  resume: 6,
};

/** The requests of several callers, in the order of their times. */
export function planRequests(given: RequestPlan): ChaosRequest[] {
  const chance = seeded(given.seed);
  const requests: ChaosRequest[] = [];
  const everyMs = 1_000 / given.perSecond;
  for (let atMs = 500, number = 1; atMs < given.lengthMs; atMs += everyMs * 2 * chance.next(), number += 1) {
    const word = chance.weighed(weights);
    const what = word === 'rollback' || word === 'cancel' || word === 'resume' ? word : 'execute';
    const prefer = chance.weighed({ none: 74, 'respond-async': 12, 'wait=2': 7, 'respond-async, wait=1': 7 });
    const target = targetOf(word, (most) => chance.between(0, most - 1), given);
    requests.push({
      number,
      atMs: Math.round(atMs),
      what,
      action: word,
      target,
      parameters: parametersOf(word, number, (low, high) => chance.between(low, high)),
      dryRun: what === 'execute' && chance.often(0.06),
      shape: chance.often(0.7) ? 'workflow' : 'alert',
      ...(prefer === 'none' || what === 'cancel' ? {} : { prefer }),
      ...(what === 'execute' && chance.often(0.08) ? { notBeforeMs: chance.between(500, 5_000) } : {}),
      timeoutS: chance.pick([4, 8, 12, 20]),
      first: chance.between(0, given.replicas - 1),
      twice: chance.often(0.08),
      which: chance.next(),
    });
  }
  return requests;
}

function targetOf(
  action: string,
  below: (most: number) => number,
  { deployments, nodes }: RequestPlan,
): ChaosRequest['target'] {
  if (action.endsWith('_node')) return { kind: 'Node', index: below(nodes) };
  if (action === 'restart_pod') return { kind: below(2) > 0 ? 'Pod' : 'Deployment', index: below(deployments) };
  if (action === 'rollback' || action === 'cancel' || action === 'resume') return undefined;
  return { kind: 'Deployment', index: below(deployments) };
}

/** What makes a mutation this request's own is its number, where the action has room for it. */
function parametersOf(
  action: string,
  number: number,
  between: (low: number, high: number) => number,
): Record<string, unknown> {
  switch (action) {
    case 'scale_deployment':
      return { replicas: between(1, 5) };
    case 'taint_node':
      return {
        key: `chaos.example/t${between(1, 3)}`,
        effect: 'PreferNoSchedule',
        value: `r${number}`,
        overwrite: true,
      };
    case 'untaint_node':
      return { key: `chaos.example/t${between(1, 3)}` };
    case 'enable_debug_mode':
      return { log_level: `debug-${number}`, duration: between(0, 4) > 0 ? `${between(2, 8)}s` : '1h' };
    case 'notify_only':
      return { message: `Request ${number}` };
    case 'drain_node':
      return { delete_local_data: true };
    case 'restart_pod':
      return between(0, 2) > 0 ? {} : { grace_period_seconds: between(0, 2) };
    default:
      return {};
  }
}
