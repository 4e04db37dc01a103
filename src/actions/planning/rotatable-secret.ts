import { bytesOf, dataOf } from '../../changes/secrets/data-of.ts';
import { whyIrreplaceable } from '../../changes/secrets/why-irreplaceable.ts';
import { describeReference } from '../../kubernetes/describe-reference.ts';
import { type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import { textAt } from '../../kubernetes/value-at.ts';
import { preconditionFailed } from '../refusal.ts';

/** What a rotation refuses of a Secret itself, for the declaration. */
export const rotationRefuses = [
  'an immutable Secret',
  'the token of a service account, a bootstrap token, a release of Helm: others make and read them by their own rules',
  'a key that the Secret does not have, and a Secret without keys',
  'a value that random characters may not take the place of: a certificate or key, a URL or connection string, JSON, a token or hash that another service made, an address',
];

/** Refuses a Secret that is not for anybody to write new values to. */
export function refuseUnrotatable(secret: KubernetesObject): void {
  const named = describeReference(referenceTo(secret));
  if (secret['immutable'] === true) {
    throw preconditionFailed(
      `${named} is immutable: its values can't be changed`,
      'Create another Secret with new values, and let the workloads read that one',
    );
  }
  const owner = ownersOfTypes[textAt(secret, ['type']) ?? ''];
  if (owner) {
    const [what, hint] = owner;
    throw preconditionFailed(`${named} is ${what}, which random values would break`, hint);
  }
}

const ownersOfTypes: Record<string, readonly [what: string, hint: string]> = {
  'kubernetes.io/service-account-token': [
    'the token of a service account',
    'Delete it, and create another for the same account: the control plane fills it in',
  ],
  'bootstrap.kubernetes.io/token': ['a bootstrap token', 'Create another: kubeadm token create'],
  'helm.sh/release.v1': ['the record of a Helm release', 'Its values come from the chart: helm upgrade'],
};

/**
 * The keys that get new values, and those that are left out because they are empty. One that can't have random characters
 * is refused even if all are meant: what is derived from it, such as a URL with the password in it, would be out of step.
 */
export function keysToRotate(
  secret: KubernetesObject,
  asked: readonly string[] | undefined,
): { keys: string[]; empty: string[] } {
  const named = describeReference(referenceTo(secret));
  const data = dataOf(secret);
  const present = Object.keys(data).toSorted();
  if (present.length === 0) throw preconditionFailed(`${named} has no keys: there is nothing to rotate`);
  const unknown = (asked ?? []).filter((key) => !Object.hasOwn(data, key));
  if (unknown.length > 0) {
    throw preconditionFailed(`${named} has no key ${unknown.join(', ')}`, `It has ${present.join(', ')}`);
  }
  const empty = asked ? [] : present.filter((key) => data[key] === '');
  const keys = (asked ?? present).filter((key) => !empty.includes(key));
  if (keys.length === 0) throw preconditionFailed(`Every key of ${named} is empty: there is nothing to rotate`);
  const faults = keys.flatMap((key) => {
    const why = whyIrreplaceable(bytesOf(data[key] ?? ''));
    return why ? [{ key, why }] : [];
  });
  if (faults.length === 0) return { keys: [...keys].toSorted(), empty };
  const others = keys.filter((key) => !faults.some((fault) => fault.key === key));
  throw preconditionFailed(
    `${named} can't be given random values: ${faults.map(({ key, why }) => `${key} ${why}`).join('; ')}`,
    others.length > 0
      ? `Name the keys to rotate, such as keys: ${JSON.stringify(others)}, and see to the rest where it is made`
      : 'Make new values where the old ones were made',
  );
}
