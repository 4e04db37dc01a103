import type { KubernetesObject, ObjectReference, OwnerReference } from '../../src/kubernetes/object.ts';
import { isKubernetesError } from '../../src/kubernetes/errors.ts';
import { textAt, valueAt } from '../../src/kubernetes/value-at.ts';
import type { Ground } from '../scenarios/ground.ts';
import { eventually } from './cluster.ts';

/** A Certificate and its Secret, as cert-manager would have made it; the test plays cert-manager itself. */
export async function certManager(
  ground: Ground,
  { issuing, makes }: { issuing?: true; makes?: string } = {},
): Promise<{ certificate: ObjectReference; secret: ObjectReference; issue: () => Promise<boolean> }> {
  await defineKind(ground, { group: 'cert-manager.io', version: 'v1', kind: 'Certificate', plural: 'certificates' });
  const name = ground.name('tls');
  const certificate = { apiVersion: 'cert-manager.io/v1', kind: 'Certificate', namespace: ground.namespace, name };
  const secret = { apiVersion: 'v1', kind: 'Secret', namespace: ground.namespace, name };
  await ground.create({
    ...kindOf(certificate),
    metadata: { name, namespace: ground.namespace, ownerReferences: [await ingressLike(ground)] },
    spec: { secretName: makes ?? name, issuerRef: { name: 'ca' } },
  });
  const ready = { type: 'Ready', status: 'True', reason: 'Ready', lastTransitionTime: '2026-01-01T00:00:00Z' };
  const now = { type: 'Issuing', status: 'True', reason: 'Renewing', lastTransitionTime: '2026-01-01T00:00:00Z' };
  await ground.patch(certificate, { status: { conditions: issuing ? [ready, now] : [ready], revision: 1 } }, 'status');
  await ground.create({
    ...kindOf(secret),
    metadata: {
      name,
      namespace: ground.namespace,
      annotations: { 'cert-manager.io/certificate-name': name },
    },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': pem('CERTIFICATE', 1), 'tls.key': pem('PRIVATE KEY', 1) },
  });
  const issue = async () => {
    const object = await ground.cluster.get(certificate);
    const conditions = valueAt(object, ['status', 'conditions']);
    const asked =
      Array.isArray(conditions) &&
      conditions.some((condition) => textAt(condition, ['reason']) === 'ManuallyTriggered');
    if (!asked) return false;
    await ground.patch(secret, {
      stringData: { 'tls.crt': pem('CERTIFICATE', 2), 'tls.key': pem('PRIVATE KEY', 2) },
    });
    await ground.patch(certificate, { status: { conditions: [ready], revision: 2 } }, 'status');
    return true;
  };
  return { certificate, secret, issue };
}

/** An ExternalSecret and its Secret; the test plays the controller, whose store has nothing new. */
export async function externalSecrets(
  ground: Ground,
  { spec = {} }: { spec?: Record<string, unknown> } = {},
): Promise<{ externalSecret: ObjectReference; secret: ObjectReference; synchronise: () => Promise<boolean> }> {
  const apiVersion = 'external-secrets.io/v1';
  await defineKind(ground, {
    group: 'external-secrets.io',
    version: 'v1',
    kind: 'ExternalSecret',
    plural: 'externalsecrets',
  });
  const name = ground.name('external');
  const externalSecret = { apiVersion, kind: 'ExternalSecret', namespace: ground.namespace, name };
  const secret = { apiVersion: 'v1', kind: 'Secret', namespace: ground.namespace, name };
  const created = await ground.create({
    ...kindOf(externalSecret),
    metadata: { name, namespace: ground.namespace },
    spec: { secretStoreRef: { name: 'vault' }, target: { name }, ...spec },
  });
  const ready = { type: 'Ready', status: 'True', reason: 'SecretSynced' };
  await ground.patch(
    externalSecret,
    { status: { conditions: [ready], refreshTime: '2026-01-01T00:00:00Z' } },
    'status',
  );
  const { uid } = created.metadata;
  await ground.create({
    ...kindOf(secret),
    metadata: {
      name,
      namespace: ground.namespace,
      ownerReferences: [{ apiVersion, kind: 'ExternalSecret', name, uid: uid ?? '', controller: true }],
    },
    stringData: { password: 'from-the-store' },
  });
  const synchronise = async () => {
    const { metadata } = await ground.cluster.get(externalSecret);
    if (!metadata.annotations?.['force-sync']) return false;
    await ground.patch(externalSecret, { status: { refreshTime: new Date().toISOString() } }, 'status');
    return true;
  };
  return { externalSecret, secret, synchronise };
}

/** Most Certificates are an Ingress's own: a renewal is nothing that the Ingress would take back. */
async function ingressLike(ground: Ground): Promise<OwnerReference> {
  const { namespace } = ground;
  const { apiVersion, kind, metadata } = await ground.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: ground.name('ingress'), namespace },
  });
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true };
}

/** The kind as a CustomResourceDefinition that takes any content. It stays: other tests may be using it as well. */
async function defineKind(
  ground: Ground,
  { group, version, kind, plural }: { group: string; version: string; kind: string; plural: string },
): Promise<void> {
  const definition: KubernetesObject = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      scope: 'Namespaced',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: anything, status: anything },
            },
          },
        },
      ],
    },
  };
  await ground.cluster.create(definition).catch((error: unknown) => {
    if (!isKubernetesError(error, 'alreadyExists')) throw error;
  });
  await eventually(async () => {
    await ground.cluster.list({ apiVersion: `${group}/${version}`, kind, namespace: ground.namespace });
  }, 30_000);
}

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

function kindOf({ apiVersion, kind }: ObjectReference): { apiVersion: string; kind: string } {
  return { apiVersion, kind };
}

function pem(what: string, version: number): string {
  return `-----BEGIN ${what}-----\n${Buffer.from(`${what} ${version}`).toString('base64')}\n-----END ${what}-----\n`;
}
