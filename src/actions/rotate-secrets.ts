import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { ChangeStep } from '../changes/change.ts';
import { noUndo, type Plan, plan } from '../changes/plan.ts';
import { rolledOut } from '../changes/rollout-complete.ts';
import { secretRotated } from '../changes/secrets/secret-rotated.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import { defineAction, type PlanContext } from './define.ts';
import { type RenewalOfSecret, renewalOfSecret } from './planning/renewal-of-secret.ts';
import { type RestartsOfReaders, restartsOfReaders } from './planning/restarts-of-readers.ts';
import { keysToRotate, refuseUnrotatable, rotationRefuses } from './planning/rotatable-secret.ts';
import { preconditionFailed } from './refusal.ts';

const parameters = z.strictObject({
  keys: z
    .array(z.string().min(1).max(253))
    .min(1)
    .max(100)
    .optional()
    .describe('The keys that get new values (default: all)')
    .transform((keys) => keys && [...new Set(keys)]),
  backup_old_secret: z
    .boolean()
    .default(true)
    .describe('Keep the old values in a copy beside the Secret; without it there is no undo'),
  restart_pods: z.boolean().default(true).describe('Restart every workload that reads the Secret'),
});
type Parameters = z.output<typeof parameters>;

export const rotateSecrets = defineAction<Parameters>({
  name: 'rotate_secrets',
  summary: 'Give a Secret new random values, and restart what reads it.',
  targets: ['Secret'],
  risk: 'critical',
  again: 'acts',
  parameters,
  refuses: [
    ...rotationRefuses,
    'a Secret that cert-manager is issuing already, or whose Certificate or ExternalSecret is gone or fetches only once',
    'one that is read by a paused Deployment, a workload of the `OnDelete` strategy or of a controller of its own, unless `restart_pods` is false',
  ],
  permissions: [
    { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'patch'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
    {
      apiGroups: ['apps'],
      resources: ['deployments', 'statefulsets', 'daemonsets'],
      verbs: ['get', 'list', 'watch', 'patch'],
    },
    { apiGroups: ['cert-manager.io'], resources: ['certificates'], verbs: ['get'] },
    { apiGroups: ['cert-manager.io'], resources: ['certificates/status'], verbs: ['patch'] },
    { apiGroups: ['external-secrets.io'], resources: ['externalsecrets'], verbs: ['get', 'patch'] },
  ],
  examples: [
    { target: 'production/secret/database', parameters: { keys: ['password'] } },
    { target: 'production/secret/database', parameters: { backup_old_secret: false, restart_pods: false } },
  ],

  async plan(context) {
    const { cluster, target, object, parameters: given, now } = context;
    refuseUnrotatable(object);
    const renewal = await renewalOfSecret(cluster, object, now);
    if (renewal && given.keys) {
      throw preconditionFailed(
        `${describeReference(target)} is made by ${renewal.by}, which renews its keys all together`,
        'Leave keys out',
      );
    }
    const rotation = renewal ?? keysToRotate(object, given.keys);
    const restarts = await restartsOfReaders(cluster, target, { restart: given.restart_pods, now });
    return 'by' in rotation ? planRenewal(rotation, restarts) : planRotation(context, rotation, restarts);
  },
});

/** The copy before the values, and the values before the restarts: the undo goes in the same order. */
function planRotation(
  { target, object, parameters: given, actionId }: PlanContext<Parameters>,
  { keys, empty }: { keys: string[]; empty: string[] },
  restarts: RestartsOfReaders,
): Plan {
  const named = describeReference(target);
  const { resourceVersion = '' } = object.metadata;
  const execution = { resourceVersion, by: actionId };
  const backup = given.backup_old_secret ? backupName(target.name, actionId) : undefined;
  return plan({
    changes: [
      ...(backup ? [{ kind: 'copy_secret' as const, source: target, name: backup, ...execution }] : []),
      { kind: 'regenerate_secret', target, keys, ...execution, ...(backup ? { backup } : {}) },
      ...sideBySide(restarts.changes),
    ],
    expect: [
      secretRotated({ target, keys, by: actionId, ...(backup ? { copy: copyOf(object, backup) } : {}) }),
      ...restarts.targets.map(rolledOut),
    ],
    ...(backup ? {} : { undo: noUndo('the old values were not kept: backup_old_secret was false') }),
    undoInOrder: true,
    warnings: [
      `Only ${named} has new values: whatever else checks them, such as a database, has to be given them as well`,
      ...(empty.length > 0 ? [`${empty.join(', ')} of ${named}: empty, and left so`] : []),
      ...(isApplied(object)
        ? [`${named} was made by kubectl apply: to apply its manifest again would bring the old values back`]
        : []),
      ...restarts.warnings,
    ],
    result: { keys, backup: backup ?? null, restarted: restarts.targets.map(describeReference) },
  });
}

/** Its controller makes the Secret, and nobody else writes to it; the restarts wait until it has. */
function planRenewal({ owner, by, change, expect, warnings }: RenewalOfSecret, restarts: RestartsOfReaders): Plan {
  return plan({
    changes: [
      change,
      ...(restarts.changes.length > 0 ? [{ kind: 'wait' as const, target: owner, until: expect }] : []),
      ...sideBySide(restarts.changes),
    ],
    expect: [expect, ...restarts.targets.map(rolledOut)],
    undo: noUndo(`${by} makes the Secret, and would make it anew: the old values can't be put back`),
    warnings: [...warnings, ...restarts.warnings],
    result: { renewed_by: by, owner: describeReference(owner), restarted: restarts.targets.map(describeReference) },
  });
}

function sideBySide(changes: RestartsOfReaders['changes']): ChangeStep[] {
  return changes.length > 0 ? [changes] : [];
}

function copyOf({ apiVersion, kind, metadata: { namespace } }: KubernetesObject, name: string): ObjectReference {
  return { apiVersion, kind, ...(namespace ? { namespace } : {}), name };
}

const longestName = 253;

/** A name that comes from the execution's, so that a second sending finds the first. */
function backupName(name: string, actionId: string): string {
  const suffix = `-backup-${createHash('sha256').update(actionId).digest('hex').slice(0, 10)}`;
  return `${name.slice(0, longestName - suffix.length).replace(/[.-]+$/, '')}${suffix}`;
}

function isApplied({ metadata }: KubernetesObject): boolean {
  return Object.hasOwn(metadata.annotations ?? {}, 'kubectl.kubernetes.io/last-applied-configuration');
}
