import type { RenewChange } from '../../changes/renew.ts';
import { type Renewed, renewed } from '../../changes/renewed.ts';
import { conditionOf, holdsCondition } from '../../kubernetes/conditions.ts';
import { describeReference } from '../../kubernetes/describe-reference.ts';
import { isKubernetesError } from '../../kubernetes/errors.ts';
import { groupOf } from '../../kubernetes/kinds.ts';
import {
  controllerOf,
  type Json,
  type KubernetesObject,
  type ObjectReference,
  referenceTo,
} from '../../kubernetes/object.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { listAt, textAt, valueAt } from '../../kubernetes/value-at.ts';
import { preconditionFailed } from '../refusal.ts';

/** How a Secret that a controller makes is renewed: by its own object, never by writing to the Secret. */
export interface RenewalOfSecret {
  /** The object that asks the controller for the Secret. */
  owner: ObjectReference;
  by: 'cert-manager' | 'External Secrets';
  change: RenewChange;
  expect: Renewed;
  warnings: string[];
}

/** Undefined for a Secret that neither cert-manager nor External Secrets makes. */
export async function renewalOfSecret(
  cluster: ClusterReader,
  secret: KubernetesObject,
  now: Date,
): Promise<RenewalOfSecret | undefined> {
  const owner = ownerOf(secret);
  if (!owner) return undefined;
  const object = await cluster.get(owner).catch((error: unknown) => {
    if (isKubernetesError(error, 'notFound')) return undefined;
    throw error;
  });
  if (!object) {
    throw preconditionFailed(
      `${describeReference(referenceTo(secret))} was made from ${describeReference(owner)}, which is gone: there is nothing to renew it by`,
      `Create the ${owner.kind} again, or take the marks of its controller off the Secret`,
    );
  }
  return owner.kind === 'Certificate' ? byCertManager(object, secret, now) : byExternalSecrets(object, now);
}

/** Both controllers can be told not to own what they make; their own marks on it say that they did. */
function ownerOf(secret: KubernetesObject): ObjectReference | undefined {
  const { namespace = '', annotations = {}, labels = {} } = secret.metadata;
  const owner = [controllerOf(secret), ...(secret.metadata.ownerReferences ?? [])].find(
    (reference) => reference && ownedKinds[reference.kind] === groupOf(reference.apiVersion),
  );
  if (owner) return { apiVersion: owner.apiVersion, kind: owner.kind, namespace, name: owner.name };
  const certificate = annotations['cert-manager.io/certificate-name'];
  if (certificate) return { apiVersion: 'cert-manager.io/v1', kind: 'Certificate', namespace, name: certificate };
  if (!annotations['reconcile.external-secrets.io/data-hash'] && !labels['reconcile.external-secrets.io/managed'])
    return undefined;
  throw preconditionFailed(
    `${describeReference(referenceTo(secret))} is written by External Secrets, but does not say from which ExternalSecret`,
    'Ask for the synchronisation there: kubectl annotate externalsecret <name> force-sync=$(date +%s) --overwrite',
  );
}

const ownedKinds: Record<string, string> = {
  Certificate: 'cert-manager.io',
  ExternalSecret: 'external-secrets.io',
};

/** What `cmctl renew` does. */
function byCertManager(certificate: KubernetesObject, secret: KubernetesObject, now: Date): RenewalOfSecret {
  const target = referenceTo(certificate);
  const named = describeReference(target);
  if (textAt(certificate, ['spec', 'secretName']) !== secret.metadata.name) {
    throw preconditionFailed(
      `${describeReference(referenceTo(secret))} names ${named} as what it is made from, but that one makes ${textAt(certificate, ['spec', 'secretName'])}`,
      'Take the annotation cert-manager.io/certificate-name off the Secret if cert-manager no longer makes it',
    );
  }
  if (holdsCondition(certificate, 'Issuing')) {
    throw preconditionFailed(`${named} is being issued already`, 'Wait until it is Ready, then ask again');
  }
  const conditions = listAt(certificate, ['status', 'conditions']);
  const issuing: Json = {
    type: 'Issuing',
    status: 'True',
    reason: 'ManuallyTriggered',
    message: 'Certificate re-issuance manually triggered',
    lastTransitionTime: `${now.toISOString().slice(0, 19)}Z`,
    observedGeneration: certificate.metadata.generation ?? 0,
  };
  const others = conditions.filter((condition) => condition !== conditionOf(certificate, 'Issuing'));
  const proof = proofAt(certificate, ['status', 'revision']);
  const { resourceVersion = '' } = secret.metadata;
  return {
    owner: target,
    by: 'cert-manager',
    change: {
      kind: 'renew',
      target,
      subresource: 'status',
      ...versionOf(certificate),
      edits: [{ path: ['status', 'conditions'], from: conditions, to: [...others, issuing] }],
      summary: `Ask cert-manager to issue ${named} anew`,
      proof,
    },
    expect: renewed({ target, secret: { reference: referenceTo(secret), resourceVersion } }),
    warnings: [],
  };
}

const forceSync = ['metadata', 'annotations', 'force-sync'];

function byExternalSecrets(externalSecret: KubernetesObject, now: Date): RenewalOfSecret {
  const target = referenceTo(externalSecret);
  const named = describeReference(target);
  if (textAt(externalSecret, ['spec', 'refreshPolicy']) === 'CreatedOnce') {
    throw preconditionFailed(
      `${named} fetches its values only once (refreshPolicy CreatedOnce)`,
      'Set its refreshPolicy to Periodic or OnChange, or delete the Secret so that it is made anew',
    );
  }
  const from = valueAt(externalSecret, forceSync);
  const proof = proofAt(externalSecret, ['status', 'refreshTime']);
  return {
    owner: target,
    by: 'External Secrets',
    change: {
      kind: 'renew',
      target,
      ...versionOf(externalSecret),
      edits: [{ path: forceSync, ...(from === undefined ? {} : { from }), to: String(now.getTime()) }],
      summary: `Ask External Secrets to synchronise ${named}`,
      proof,
    },
    expect: renewed({ target, proof }),
    warnings: [`${named} fetches what its store has: where nobody has put new values there, the Secret stays as it is`],
  };
}

function proofAt(object: KubernetesObject, path: string[]): RenewChange['proof'] {
  const was = valueAt(object, path);
  return { path, ...(was === undefined ? {} : { was }) };
}

function versionOf({ metadata: { resourceVersion } }: KubernetesObject): { resourceVersion?: string } {
  return resourceVersion ? { resourceVersion } : {};
}
