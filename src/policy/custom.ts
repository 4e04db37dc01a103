import { changeKind } from '../changes/change-kinds.ts';
import type { Change } from '../changes/change.ts';
import type { RuleSettings } from '../config/rule-settings.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import type { KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { type customRuleInput, customCondition } from '../text/custom-rule.ts';
import { inNamespaces } from './in-namespaces.ts';
import { type Rule, type RuleContext, type Verdict, writesTo } from './rule.ts';

const withinMs = 100;
const mostCharacters = 1_048_576;
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * The team's own rules, each an expression in CEL that stops what it is true for. One that can't be evaluated stops it too:
 * nobody knows what it would have said.
 */
export const custom: Rule = {
  name: 'custom',
  denies: "What one of your own expressions is true for, or can't be evaluated on.",
  codes: ['policy_denied'],
  permissions: [{ apiGroups: [''], resources: ['namespaces'], verbs: ['get'] }],

  async judge(context) {
    const asked = context.settings.custom.filter(
      ({ verdict, namespaces }) => verdict !== 'off' && inNamespaces(context.namespace, namespaces),
    );
    if (asked.length === 0) return undefined;
    const conditions = asked.map(({ expression }) => customCondition(expression));
    const input = await inputOf(context, (name) => conditions.some((condition) => condition.uses(name)));
    if (JSON.stringify(input).length > mostCharacters)
      return asked.map((rule) => stops(rule, 'it could not be asked: there is too much for it to look at'));
    return asked.flatMap((rule, index) => {
      try {
        return conditions[index]?.holds(input, { withinMs })
          ? [stops(rule, rule.reason ?? 'its expression holds')]
          : [];
      } catch (error) {
        const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
        return [stops(rule, `it could not be evaluated: ${why.slice(0, 300)}`)];
      }
    });
  },
};

function stops({ name, verdict }: RuleSettings['custom'][number], why: string): Verdict {
  return {
    verdict: 'deny',
    code: 'policy_denied',
    reason: `rule ${name}: ${why}`,
    hint: `safety.rules.custom in the settings holds the rule ${name}`,
    ...(verdict === 'ask' ? { asks: true } : {}),
  };
}

type Input = Record<keyof typeof customRuleInput, unknown>;

/** Only what an expression names is read. */
async function inputOf(context: RuleContext, uses: (name: keyof Input) => boolean): Promise<Input> {
  const { cluster, action, execution, parameters, target, namespace, plan, caller, beginsAt, dryRun } = context;
  const [object, within] = await Promise.all([
    target && uses('target') ? whereThere(cluster, target) : undefined,
    namespace !== undefined && uses('namespace_labels')
      ? whereThere(cluster, { apiVersion: 'v1', kind: 'Namespace', name: namespace })
      : undefined,
  ]);
  return {
    action: action.name,
    rollback: execution.action === 'rollback',
    parameters,
    target: {
      kind: target?.kind ?? '',
      namespace: target?.namespace ?? '',
      name: target?.name ?? '',
      labels: object?.metadata.labels ?? {},
      annotations: object ? annotationsOf(object) : {},
      object: object ? withoutSecrets(object) : {},
    },
    namespace_labels: within?.metadata.labels ?? {},
    changes: uses('changes') ? writesTo(plan).map(changeOf) : [],
    caller: caller ?? '',
    time: beginsAt,
    dry_run: dryRun,
  };
}

async function whereThere(cluster: ClusterReader, target: ObjectReference): Promise<KubernetesObject | undefined> {
  try {
    return await cluster.get(target);
  } catch (error) {
    if (isKubernetesError(error, 'notFound')) return undefined;
    throw error;
  }
}

function changeOf(change: Change): object {
  const { kind, namespace = '', name } = changeKind(change).target(change);
  const edits =
    change.kind === 'patch' && kind !== 'Secret'
      ? change.edits.map(({ path, from, to }) => ({ path: path.join('.'), from: from ?? null, to: to ?? null }))
      : [];
  return { kind: change.kind, target: { kind, namespace, name }, edits };
}

function withoutSecrets(object: KubernetesObject): object {
  const { managedFields: _, ...metadata } = { managedFields: undefined, ...object.metadata };
  const kept = { ...object, metadata: { ...metadata, annotations: annotationsOf(object) } };
  if (object.kind !== 'Secret') return kept;
  return Object.fromEntries(Object.entries(kept).filter(([key]) => key !== 'data' && key !== 'stringData'));
}

/** What was applied to a Secret stands there in full. */
function annotationsOf({ kind, metadata: { annotations = {} } }: KubernetesObject): Record<string, string> {
  if (kind !== 'Secret') return annotations;
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== lastApplied));
}
