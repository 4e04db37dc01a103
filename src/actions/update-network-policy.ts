import * as z from 'zod';
import type { FieldEdit } from '../changes/field-edit.ts';
import { fieldEquals } from '../changes/field-equals.ts';
import { plan } from '../changes/plan.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { Json, KubernetesObject } from '../kubernetes/object.ts';
import { listAt, valueAt } from '../kubernetes/value-at.ts';
import { defineAction } from './define.ts';
import { networkPolicyRules } from './planning/network-policy-rules.ts';

const directions = { ingress: 'Ingress', egress: 'Egress' } as const;
type Direction = keyof typeof directions;

const parameters = z
  .strictObject({
    action_type: z
      .enum(['deny_ingress', 'allow_ingress', 'deny_egress', 'allow_egress'])
      .optional()
      .describe('Close a direction for the pods of the policy, or open it to everything'),
    rules: networkPolicyRules
      .optional()
      .describe(
        'The rules of one direction or both, as in the spec of a NetworkPolicy; they take the place of those there',
      ),
  })
  .refine(({ action_type, rules }) => (action_type === undefined) !== (rules === undefined), {
    error: 'must give either action_type or rules',
  });
type Parameters = z.output<typeof parameters>;

export const updateNetworkPolicy = defineAction<Parameters>({
  name: 'update_network_policy',
  summary: 'Change what a NetworkPolicy lets in and out.',
  targets: ['NetworkPolicy'],
  risk: 'high',
  again: 'no_op',
  parameters,
  refuses: ['a request with neither `action_type` nor `rules`, or with both', 'a key that a rule does not have'],
  permissions: [
    { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['list', 'watch', 'patch'] },
  ],
  examples: [
    { target: 'production/networkpolicy/web-server', parameters: { action_type: 'deny_egress' } },
    {
      target: 'production/networkpolicy/web-server',
      parameters: {
        rules: { ingress: [{ from: [{ podSelector: { matchLabels: { app: 'gateway' } } }], ports: [{ port: 8080 }] }] },
      },
    },
  ],

  async plan({ target, object, parameters: given }) {
    const wanted = rulesOf(given);
    const named = wanted.map(([direction]) => direction);
    const edits = [policyTypes(object, named), ...wanted.map(([direction, rules]) => edit(object, direction, rules))];
    const { resourceVersion } = object.metadata;
    return plan({
      changes: [
        {
          kind: 'patch',
          target,
          ...(resourceVersion ? { resourceVersion } : {}),
          edits,
          summary: `${given.action_type ? said[given.action_type] : `Set the ${named.join(' and ')} rules`} of ${describeReference(target)}`,
        },
      ],
      expect: edits.map(({ path, to }) => fieldEquals(target, path, to)),
      warnings: wanted.some(([, rules]) => rules.length === 0)
        ? ['Policies add up: what another NetworkPolicy allows the same pods stays allowed']
        : [],
    });
  },
});

const said = {
  deny_ingress: 'Close the ingress',
  allow_ingress: 'Open the ingress to everything',
  deny_egress: 'Close the egress',
  allow_egress: 'Open the egress to everything',
};

/** Without a rule a direction is closed; one that says nothing lets everything through. */
function rulesOf({ action_type, rules }: Parameters): [Direction, Json[]][] {
  switch (action_type) {
    case 'deny_ingress':
      return [['ingress', []]];
    case 'allow_ingress':
      return [['ingress', [{}]]];
    case 'deny_egress':
      return [['egress', []]];
    case 'allow_egress':
      return [['egress', [{}]]];
    default:
      return (['ingress', 'egress'] as const).flatMap((direction) => {
        const given = rules?.[direction];
        return given ? [[direction, plain(given)] satisfies [Direction, Json[]]] : [];
      });
  }
}

function edit(policy: KubernetesObject, direction: Direction, rules: Json[]): FieldEdit {
  const path = ['spec', direction];
  const from = valueAt(policy, path);
  // An empty list is one to the API server with a list that is not there.
  return { path, ...(from === undefined ? {} : { from }), ...(rules.length === 0 ? {} : { to: rules }) };
}

/** A rule counts only where the policy's types name its direction. */
function policyTypes(policy: KubernetesObject, named: readonly Direction[]): FieldEdit {
  const path = ['spec', 'policyTypes'];
  const from = listAt(policy, path);
  const gained = named.map((direction) => directions[direction]).filter((type) => !from.includes(type));
  return { path, ...(from.length > 0 ? { from } : {}), to: [...from, ...gained] };
}

/** What the schema has parsed, as the JSON that it was: without the keys that were not given. */
function plain(rules: object): Json[] {
  const json: unknown = JSON.parse(JSON.stringify(rules));
  return Array.isArray(json) ? json : [];
}
