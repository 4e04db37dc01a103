import type { Change } from '../../changes/change.ts';
import type { FieldEdit } from '../../changes/field-edit.ts';
import { describeReference } from '../../kubernetes/describe-reference.ts';
import type { JsonObject, KubernetesObject, ObjectReference } from '../../kubernetes/object.ts';
import { referenceTo } from '../../kubernetes/object.ts';
import { listAt, valueAt } from '../../kubernetes/value-at.ts';

/** The label that a pod in quarantine has, with its own UID as the value: no other pod is selected by it. */
export const quarantineLabel = 'executor.kubernaut.io/quarantine';

const kind = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' };

/** The policy that selects the pod alone and lets nothing in, and nothing out but questions for names where that is allowed. */
export interface QuarantinePolicy {
  reference: ObjectReference;
  egress: JsonObject[];
}

export function quarantinePolicyOf(pod: KubernetesObject, { allowDns }: { allowDns: boolean }): QuarantinePolicy {
  const { namespace, uid } = pod.metadata;
  const dns = { ports: ['UDP', 'TCP'].map((protocol) => ({ protocol, port: 53 })) };
  return {
    reference: { ...kind, ...(namespace ? { namespace } : {}), name: `quarantine-${uid}` },
    egress: allowDns ? [dns] : [],
  };
}

/** What makes the policy, or gives the one that is there (`existing`) the egress that was asked for. */
export function ensurePolicy(
  pod: KubernetesObject,
  { reference, egress }: QuarantinePolicy,
  existing: KubernetesObject | undefined,
): Change {
  if (existing) return egressPatch(existing, egress);
  const { name, namespace, uid = '' } = pod.metadata;
  return {
    kind: 'create',
    summary: `Deny ${describeReference(referenceTo(pod))} all traffic${egress.length > 0 ? ' but DNS' : ''}, by ${describeReference(reference)}`,
    object: {
      ...kind,
      metadata: {
        name: reference.name,
        ...(namespace ? { namespace } : {}),
        labels: { [quarantineLabel]: uid },
        // It goes with the pod.
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid }],
      },
      spec: {
        podSelector: { matchLabels: { [quarantineLabel]: uid } },
        policyTypes: ['Ingress', 'Egress'],
        ...(egress.length > 0 ? { egress } : {}),
      },
    },
  };
}

function egressPatch(policy: KubernetesObject, egress: JsonObject[]): Change {
  const path = ['spec', 'egress'];
  const from = valueAt(policy, path);
  const { resourceVersion } = policy.metadata;
  const edit: FieldEdit = {
    path,
    ...(from === undefined ? {} : { from }),
    ...(egress.length > 0 ? { to: egress } : {}),
  };
  return {
    kind: 'patch',
    target: referenceTo(policy),
    ...(resourceVersion ? { resourceVersion } : {}),
    edits: [edit],
    summary: `${egress.length > 0 ? 'Allow' : 'Deny'} DNS in ${describeReference(referenceTo(policy))}`,
  };
}

/** What the other policies of the pod let through: policies add up, and none takes away what another allows. */
export function allowsTraffic(policy: KubernetesObject): boolean {
  return listAt(policy, ['spec', 'ingress']).length > 0 || listAt(policy, ['spec', 'egress']).length > 0;
}
