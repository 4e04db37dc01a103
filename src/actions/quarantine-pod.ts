import * as z from 'zod';
import type { Expectation } from '../changes/expectation.ts';
import type { FieldEdit } from '../changes/field-edit.ts';
import { fieldEquals } from '../changes/field-equals.ts';
import { outOfEndpoints } from '../changes/out-of-endpoints.ts';
import { plan } from '../changes/plan.ts';
import { type ReplacementReady, replacementReady } from '../changes/replacement-ready.ts';
import { isReadyToStay } from '../kubernetes/conditions.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { type KubernetesObject, type ObjectReference, referenceTo } from '../kubernetes/object.ts';
import { type Owner, ownerChain } from '../kubernetes/owner-chain.ts';
import { finishedPhase, isMirrorPod } from '../kubernetes/pod-state.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { selectorAt, selectorOf, selectorTextOf } from '../kubernetes/selector-of.ts';
import { matchesSelector } from '../kubernetes/selectors.ts';
import { numberAt, valueAt } from '../kubernetes/value-at.ts';
import { defineAction } from './define.ts';
import { lasting } from './parameters.ts';
import { podsOf } from './planning/pods-of-workload.ts';
import { allowsTraffic, ensurePolicy, quarantineLabel, quarantinePolicyOf } from './planning/quarantine-policy.ts';
import { selectingLabels } from './planning/selecting-labels.ts';
import { preconditionFailed, Refusal } from './refusal.ts';

export const quarantinePod = defineAction({
  name: 'quarantine_pod',
  summary:
    'Take a pod out of its Services and from its owner, and deny it all traffic, but leave it running to be looked at.',
  targets: ['Pod'],
  risk: 'high',
  again: 'no_op',
  parameters: z.strictObject({
    remove_from_service: z
      .boolean()
      .default(true)
      .describe('Take off the labels that Services and the owner select by; false: the NetworkPolicy alone'),
    allow_dns: z.boolean().default(false).describe('Let the pod ask for names (port 53)'),
    duration: lasting({ longest: '30d' }),
  }),
  refuses: [
    'a pod of a StatefulSet: no other could take its name (`remove_from_service: false` denies the traffic alone)',
    'a pod whose owner is not a ReplicaSet, StatefulSet or DaemonSet, unless `remove_from_service` is false',
    'a mirror pod, and one that has finished',
  ],
  permissions: [
    { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch', 'patch'] },
    { apiGroups: [''], resources: ['services'], verbs: ['list'] },
    { apiGroups: ['apps'], resources: ['deployments', 'replicasets', 'statefulsets', 'daemonsets'], verbs: ['get'] },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    {
      apiGroups: ['networking.k8s.io'],
      resources: ['networkpolicies'],
      verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
    },
  ],
  examples: [
    { target: 'production/pod/web-server-7d4b9c-x2x1p', parameters: {} },
    { target: 'production/pod/web-server-7d4b9c-x2x1p', parameters: { allow_dns: true, duration: '2h' } },
  ],

  async plan({ cluster, object: pod, target, parameters: { remove_from_service: remove, allow_dns, duration } }) {
    refuseUnfit(pod);
    const { namespace = '', uid = '', labels = {} } = pod.metadata;
    const owners = await ownerChain(cluster, pod, ['ReplicaSet', 'StatefulSet', 'DaemonSet']);
    if (remove) refuseUnreplaceable(pod, owners[0]);
    const owner = owners[0]?.object;
    const leaving = remove
      ? selectingLabels(pod, { services: await inNamespace(cluster, 'v1', 'Service', namespace), owner })
      : [];
    const kept = Object.entries(labels).filter(([key]) => !leaving.includes(key));
    const after = { ...Object.fromEntries(kept), [quarantineLabel]: uid };
    if (remove && owner) refuseStillSelected(pod, owner, after);

    const policy = quarantinePolicyOf(pod, { allowDns: allow_dns });
    const policies = await inNamespace(cluster, 'networking.k8s.io/v1', 'NetworkPolicy', namespace);
    const existing = policies.find(({ metadata }) => metadata.name === policy.reference.name);
    const edits = labelEdits(labels, leaving, uid);
    const { resourceVersion } = pod.metadata;
    return plan({
      changes: [
        {
          kind: 'patch',
          target,
          ...(resourceVersion ? { resourceVersion } : {}),
          edits,
          summary: summaryOf(target, leaving),
        },
        ensurePolicy(pod, policy, existing),
      ],
      expect: [
        ...edits.map(({ path, to }) => fieldEquals(target, path, to)),
        fieldEquals(policy.reference, ['spec', 'egress'], policy.egress.length > 0 ? policy.egress : undefined),
        ...(remove ? await outOfService(cluster, pod, owner) : []),
      ],
      undoAfterMs: duration,
      holds: owners.map(({ reference }) => reference),
      warnings: [
        ...bareWarnings(pod, owners, remove),
        ...policyWarnings(
          pod,
          after,
          policies.filter((other) => other !== existing),
        ),
      ],
    });
  },
});

function refuseUnfit(pod: KubernetesObject): void {
  const named = describeReference(referenceTo(pod));
  const phase = finishedPhase(pod);
  if (isMirrorPod(pod)) {
    throw preconditionFailed(
      `${named} is a mirror pod: the kubelet runs it from a file on its node, and keeps its labels as they are there`,
      'Change its manifest on the node instead',
    );
  }
  if (phase) throw preconditionFailed(`${named} has finished (${phase}): there is no traffic to deny it`);
}

/** Only what makes another pod beside this one can do without it. */
function refuseUnreplaceable(pod: KubernetesObject, owner: Owner | undefined): void {
  if (!owner) return;
  const { kind } = owner.reference;
  if (owner.object && kind !== 'StatefulSet') return;
  const named = describeReference(referenceTo(pod));
  const why =
    kind === 'StatefulSet'
      ? 'which could make no other while this one keeps its name'
      : 'which is none that makes another in its place';
  throw new Refusal('not_supported', `${named} belongs to ${describeReference(owner.reference)}, ${why}`, {
    hint: 'remove_from_service: false denies it all traffic and leaves it where it is',
  });
}

/** A selector of what must not be there can't be escaped by taking labels away. */
function refuseStillSelected(pod: KubernetesObject, owner: KubernetesObject, labels: Record<string, string>): void {
  const selector = selectorOf(owner);
  if (!selector || !matchesSelector(selector, labels)) return;
  throw new Refusal(
    'not_supported',
    `${describeReference(referenceTo(owner))} selects ${describeReference(referenceTo(pod))} whatever labels are taken off`,
    { hint: 'remove_from_service: false denies it all traffic and leaves it where it is' },
  );
}

function labelEdits(labels: Record<string, string>, leaving: readonly string[], uid: string): FieldEdit[] {
  const path = ['metadata', 'labels'];
  const marked = labels[quarantineLabel];
  return [
    ...leaving.map((key) => ({ path: [...path, key], from: labels[key] ?? '' })),
    { path: [...path, quarantineLabel], ...(marked === undefined ? {} : { from: marked }), to: uid },
  ];
}

function summaryOf(pod: ObjectReference, leaving: readonly string[]): string {
  const named = describeReference(pod);
  return leaving.length > 0 ? `Take the labels ${leaving.join(', ')} off ${named}` : `Mark ${named} for its quarantine`;
}

async function outOfService(
  cluster: ClusterReader,
  pod: KubernetesObject,
  owner: KubernetesObject | undefined,
): Promise<Expectation[]> {
  const out = outOfEndpoints(referenceTo(pod));
  return owner ? [out, await replacement(cluster, pod, owner)] : [out];
}

/** One pod more than stays beside this one; Ready as well, where this one is. */
async function replacement(
  cluster: ClusterReader,
  pod: KubernetesObject,
  owner: KubernetesObject,
): Promise<ReplacementReady> {
  const others = (await podsOf(cluster, owner))
    .map((owned) => owned.pod)
    .filter(({ metadata }) => metadata.uid !== pod.metadata.uid && !metadata.deletionTimestamp);
  const wanted = numberAt(owner, ['spec', 'replicas'], Number.POSITIVE_INFINITY);
  const ready = others.filter(isReadyToStay).length + (isReadyToStay(pod) ? 1 : 0);
  return replacementReady({
    pod: referenceTo(pod),
    owner: referenceTo(owner),
    selector: selectorTextOf(owner) ?? '',
    pods: Math.min(others.length + 1, wanted),
    ready: Math.min(ready, wanted),
  });
}

function bareWarnings(pod: KubernetesObject, owners: readonly Owner[], remove: boolean): string[] {
  const isMarked = pod.metadata.labels?.[quarantineLabel] !== undefined;
  if (!remove || owners.length > 0 || isMarked) return [];
  return [
    `${describeReference(referenceTo(pod))} has no owner: its labels and the policy change, and nothing replaces it`,
  ];
}

function policyWarnings(
  pod: KubernetesObject,
  labels: Record<string, string>,
  others: readonly KubernetesObject[],
): string[] {
  const allowing = others.filter((policy) => {
    // Without a podSelector a policy is about every pod of the namespace.
    const selector = selectorAt(policy, ['spec', 'podSelector']) ?? {};
    return allowsTraffic(policy) && matchesSelector(selector, labels);
  });
  const names = allowing.map(({ metadata }) => metadata.name).join(', ');
  return [
    ...(allowing.length > 0
      ? [`Policies add up: what NetworkPolicy ${names} allows the pod stays allowed until it selects the pod no more`]
      : []),
    ...(valueAt(pod, ['spec', 'hostNetwork']) === true
      ? ['The pod uses the network of its node, which no NetworkPolicy reaches']
      : []),
  ];
}

async function inNamespace(
  cluster: ClusterReader,
  apiVersion: string,
  kind: string,
  namespace: string,
): Promise<KubernetesObject[]> {
  return (await cluster.list({ apiVersion, kind, namespace })).items;
}
