import { changeKind } from '../changes/change-kinds.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { type KubernetesObject, type ObjectReference, referenceTo } from '../kubernetes/object.ts';
import { readAll, type Rule, writesTo } from './rule.ts';

/**
 * What the settings protect is never changed, whatever the parameters say: an object in a protected namespace, such a
 * Namespace itself, an object with a protected label or in a Namespace with one, or the pods of such a workload.
 */
export const protectedTarget: Rule = {
  name: 'protected_target',
  denies:
    'Changes to what is in a protected namespace, has a protected label, or is in a Namespace that has one; `namespaces` are the protected ones.',
  codes: ['protected_target'],
  permissions: [{ apiGroups: [''], resources: ['namespaces'], verbs: ['get'] }],

  readAhead: ({ cluster, target, settings: { protected_target } }) =>
    protected_target.labels.length === 0 ? [] : namespacesOf([target]).map((namespace) => cluster.recall(namespace)),

  async judge({ cluster, action, plan, settings: { protected_target } }) {
    const setting = action.actsOnProtected ? { ...protected_target, namespaces: [] } : protected_target;
    const changed = writesTo(plan).map((change) => changeKind(change).target(change));
    const held = plan.changes.length === 0 ? [] : plan.holds.filter(({ kind }) => readable.includes(kind));
    const references = [...changed, ...held];
    const labelled = setting.labels.length === 0 ? [] : namespacesOf(references);
    const [objects, namespaces] = await Promise.all([
      readAll(cluster, references),
      // A label that was given this very moment may be missed.
      readAll({ get: (namespace) => cluster.recall(namespace) }, labelled),
    ]);
    for (const object of objects) {
      const why = protection(object, setting) ?? protectionBy(namespaces, object, setting);
      if (why) {
        return {
          verdict: 'deny',
          code: 'protected_target',
          reason: `${describeReference(referenceTo(object))} is protected: ${why}`,
          hint: 'safety.rules.protected_target in the settings says what is protected; nothing in a request overrides it',
        };
      }
    }
    return undefined;
  },
};

/**
 * What a plan holds because it changes their pods, or runs something on them. Owners of other kinds are not read: each
 * would need a permission.
 */
const readable = ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'PersistentVolumeClaim', 'Cluster'];

function protection(
  { kind, metadata }: KubernetesObject,
  { namespaces, labels }: { namespaces: string[]; labels: string[] },
): string | undefined {
  const namespace = kind === 'Namespace' ? metadata.name : metadata.namespace;
  if (namespace && namespaces.includes(namespace)) return `the namespace ${namespace} is`;
  const label = labels.find((wanted) => hasLabel(metadata.labels ?? {}, wanted));
  return label && `it has the label ${label}`;
}

function namespacesOf(references: readonly ObjectReference[]): ObjectReference[] {
  const names = new Set(references.flatMap(({ namespace }) => namespace ?? []));
  return [...names].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', name }));
}

function protectionBy(
  namespaces: readonly KubernetesObject[],
  { metadata: { namespace } }: KubernetesObject,
  { labels }: { labels: string[] },
): string | undefined {
  const its = namespaces.find(({ metadata }) => metadata.name === namespace);
  const label = its && labels.find((wanted) => hasLabel(its.metadata.labels ?? {}, wanted));
  return label && `the namespace ${namespace ?? ''} has the label ${label}`;
}

/** `key=value`, or `key` for any value. */
function hasLabel(labels: Record<string, string>, wanted: string): boolean {
  const [key = '', value] = wanted.split('=', 2);
  return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value);
}
