import * as z from 'zod';
import { faultOfCondition } from '../text/custom-rule.ts';
import { isCronSchedule, isTimeZone } from '../text/cron.ts';
import { choice, duration, durations, listOf, listOfEntries, share, wholeNumber } from './setting.ts';

const namespaceName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const label =
  /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?(=([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?)?$/;

const someNamespaces = /^[a-z0-9*]([-a-z0-9*]{0,61}[a-z0-9*])?$/;
const namespacePatterns = () => z.array(z.string().regex(someNamespaces)).max(1000).default(['*']);

const actionPatterns = z.array(z.string().regex(/^[a-z0-9_*]{1,100}$/)).max(1000);

const AllowedActions = z.strictObject({
  namespaces: namespacePatterns(),
  allow: actionPatterns.default(['*']),
  deny: actionPatterns.default([]),
});

const MinimumReplicas = z.strictObject({
  namespaces: namespacePatterns(),
  replicas: z.int().min(1).max(10_000),
});

const NamespaceQuota = z.strictObject({
  namespaces: namespacePatterns(),
  executions: z.int().min(1).max(10_000),
  window: duration({ default: '1h', min: '1s', max: '7d', about: 'How far back is looked.' }).unwrap(),
});

const FreezeWindow = z.strictObject({
  name: z.string().min(1).max(100),
  namespaces: namespacePatterns(),
  schedule: z.string().refine(isCronSchedule, { error: 'is no schedule of cron in five fields' }),
  time_zone: z.string().refine(isTimeZone, { error: 'is no time zone' }).default('UTC'),
  duration: duration({ default: '1h', min: '1m', max: '90d', about: 'How long it stays open.' }).unwrap(),
});

const CustomRule = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([-a-z0-9_.]{0,61}[a-z0-9])?$/),
  namespaces: namespacePatterns(),
  expression: z
    .string()
    .min(1)
    .max(4096)
    .superRefine((expression, context) => {
      const fault = faultOfCondition(expression);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: `can't be compiled: ${fault}` });
    }),
  verdict: z.enum(['deny', 'ask', 'off']).default('deny'),
  reason: z.string().min(1).max(500).optional(),
});

/** Of each rule its own settings, by the rule's name, which is the same in the file, in the answers and in the metrics. */
export const RuleSettings = z
  .strictObject({
    protected_target: z
      .strictObject({
        verdict: choice({
          of: ['deny', 'ask', 'off'],
          default: 'deny',
          about: 'Refuse to change what is in a protected namespace or has a protected label.',
        }),
        namespaces: listOf({
          pattern: namespaceName,
          default: ['kube-system', 'kube-public', 'kube-node-lease'],
          allowed: 'a list of namespaces',
          about: 'The protected namespaces.',
        }),
        labels: listOf({
          pattern: label,
          default: ['executor.kubernaut.io/protected=true'],
          allowed: 'a list of labels, each key=value or key',
          about: 'The protected labels.',
        }),
      })
      .prefault({}),
    allowed_actions: z
      .strictObject({
        ...ruleFields('Refuse actions that are not allowed in a namespace.'),
        by_namespace: listOfEntries({
          entry: AllowedActions,
          allowed: 'a list of {namespaces, allow, deny}: names of actions, in which * stands for any characters',
          about: 'What may be asked for where; without `allow` everything that is not denied.',
        }),
      })
      .prefault({}),
    gitops_managed: rule('Refuse to change what a GitOps controller owns.'),
    hpa_conflict: rule('Refuse to scale what a HorizontalPodAutoscaler scales.'),
    last_node: rule('Refuse to take the last schedulable node away.'),
    control_plane: rule('Refuse to cordon or drain nodes of the control plane.'),
    permission_check: rule('Refuse what the service itself has no right to do.'),
    minimum_replicas: z
      .strictObject({
        ...ruleFields('Refuse to go below a number of replicas.'),
        by_namespace: listOfEntries({
          entry: MinimumReplicas,
          allowed: 'a list of {namespaces, replicas}',
          about: 'How many replicas are kept at least, and where; of several the most.',
        }),
      })
      .prefault({}),
    single_replica: z
      .strictObject(ruleFields('Refuse, or ask about, taking the only ready replica of a workload.', 'ask'))
      .prefault({}),
    budget_headroom: rule('Refuse to take pods past a disruption budget that can spare none.'),
    freeze_window: z
      .strictObject({
        ...ruleFields('Refuse changes at certain times.'),
        windows: listOfEntries({
          entry: FreezeWindow,
          allowed:
            'a list of {name, namespaces, schedule, time_zone, duration}: a schedule of cron in five fields, a time zone of the IANA database (UTC without one), a duration such as 4h',
          about: 'When nothing is changed, and in which namespaces (`["*"]`, all, without them).',
        }),
      })
      .prefault({}),
    blast_radius: z
      .strictObject({
        ...ruleFields('Refuse to change ever more targets within a while.'),
        window: duration({ default: '10m', min: '1s', max: '1d', about: 'How far back is looked.' }),
        targets_per_namespace: wholeNumber({
          default: 20,
          min: 1,
          max: 1000,
          about: 'Different targets that may be changed within the window in one namespace.',
        }),
        targets_per_cluster: wholeNumber({
          default: 100,
          min: 1,
          max: 1000,
          about: 'Different targets that may be changed within the window in the whole cluster.',
        }),
        node_share: share({
          default: 0.34,
          about: 'Share of the nodes that may be taken out of service within the window; one always may be.',
        }),
      })
      .prefault({}),
    namespace_quota: z
      .strictObject({
        ...ruleFields('Refuse more executions than a namespace has a quota of.'),
        by_namespace: listOfEntries({
          entry: NamespaceQuota,
          allowed: 'a list of {namespaces, executions, window}: a number, and a duration such as 1h',
          about: 'How many executions may change something within the window, and where; each entry holds for itself.',
        }),
      })
      .prefault({}),
    oscillation: z
      .strictObject({
        ...ruleFields('Refuse to scale a target to and fro, or to restart it, again and again.'),
        window: duration({ default: '30m', min: '1s', max: '7d', about: 'How far back is looked.' }),
        scale_flips: wholeNumber({
          default: 2,
          min: 1,
          max: 999,
          about: 'Scalings against the direction of the one before that pass within the window; the next does not.',
        }),
        restarts: wholeNumber({
          default: 3,
          min: 1,
          max: 999,
          about: 'Restarts that pass within the window; the next does not.',
        }),
      })
      .prefault({}),
    failure_backoff: z
      .strictObject({
        ...ruleFields('Refuse for a while what has failed on that target, and block it when it keeps failing.'),
        delays: durations({
          default: ['1m', '2m', '4m', '8m', '10m'],
          min: '0s',
          max: '7d',
          about:
            'How long after the first failure in a row, the second and so on; the last holds for all further ones.',
        }),
        blocked_after: wholeNumber({
          default: 5,
          min: 1,
          max: 1000,
          about: 'After so many failures in a row it is blocked, until one is acknowledged.',
        }),
      })
      .prefault({}),
    custom: listOfEntries({
      entry: CustomRule,
      allowed:
        'a list of {name, namespaces, expression, verdict, reason}: an expression in CEL over the input that docs/rules.md lists; true stops',
      about: 'Rules of your own; one that fails when it is asked stops as well.',
    }),
  })
  .prefault({});
export type RuleSettings = z.output<typeof RuleSettings>;

/** What every rule has. */
function ruleFields(about: string, verdict: 'deny' | 'ask' = 'deny') {
  return {
    verdict: choice({ of: ['deny', 'ask', 'off'], default: verdict, about }),
    namespaces: listOf({
      pattern: someNamespaces,
      default: ['*'],
      allowed: 'a list of namespaces, in which * stands for any characters',
      about: 'Where this rule holds; `*` is everywhere, also for what is in no namespace.',
    }),
  };
}

/** A rule without settings of its own. */
function rule(about: string) {
  return z.strictObject(ruleFields(about)).prefault({});
}
