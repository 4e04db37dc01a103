import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { KubernetesObject, ObjectReference } from '../../src/kubernetes/object.ts';
import { certManager, externalSecrets } from '../support/secret-controllers.ts';
import type { Ground } from './ground.ts';
import type { Effect, Refused, Scenarios } from './scenario.ts';

export const scenarios: Scenarios = {
  effects: {
    'all keys, with a copy and a restart of whatever reads it': async (ground) => {
      const secret = await secretIn(ground);
      const readers = [
        await ground.workload('Deployment', { containers: [byVariable(secret)] }),
        await ground.workload('StatefulSet', { containers: [byAllVariables(secret)] }),
        await ground.workload('DaemonSet', { podSpec: byVolume(secret) }),
        await ground.workload('Deployment', { podSpec: byProjectedVolume(secret) }),
      ];
      const other = await ground.workload('Deployment', {
        podSpec: { imagePullSecrets: [{ name: secret.name }] },
      });
      const before = await stateOf(ground, secret, readers);
      const untouched = await podsOf(ground, [other]);
      return {
        target: secret,
        parameters: {},
        touches: [...readers, other],
        see: async (answer) => {
          const after = await stateOf(ground, secret, readers);
          expect(Object.keys(after.data)).toEqual(Object.keys(before.data));
          for (const key of Object.keys(before.data)) expect(after.data[key] === before.data[key]).toBe(false);
          expect(text(after, 'password')).toMatch(/^[a-z0-9]{13}$/);
          expect(text(after, 'token')).toMatch(/^[0-9a-f]{32}\n$/);
          expect(after.pods.filter((uid) => before.pods.includes(uid))).toEqual([]);
          expect(await podsOf(ground, [other])).toEqual(untouched);
          const copy = await ground.read({ ...secret, name: answer.result.backup });
          expect(copy).toMatchObject({
            immutable: true,
            metadata: {
              annotations: { 'executor.kubernaut.io/action-id': answer.action_id },
              ownerReferences: [{ kind: 'Secret', name: secret.name }],
            },
          });
          expect(copy['data']).toEqual(before.data);
          expect(answer.warnings).toEqual([expect.stringContaining('has to be given them as well')]);
        },
        seeUndone: async () => {
          const undone = await stateOf(ground, secret, readers);
          expect(undone.data).toEqual(before.data);
          expect(undone.metadata.annotations ?? {}).toEqual(before.metadata.annotations ?? {});
          expect(undone.pods).toHaveLength(before.pods.length);
        },
      };
    },
    'one key, without a copy and without a restart': async (ground) => {
      const secret = await secretIn(ground);
      const reader = await ground.workload('Deployment', { containers: [byVariable(secret)] });
      const before = await stateOf(ground, secret, [reader]);
      return {
        target: secret,
        parameters: { keys: ['password'], backup_old_secret: false, restart_pods: false },
        touches: [reader],
        undoReason: /not kept: backup_old_secret was false/,
        see: async (answer) => {
          const after = await stateOf(ground, secret, [reader]);
          expect(after.data['token']).toBe(before.data['token']);
          expect(after.data['password'] === before.data['password']).toBe(false);
          expect(after.pods).toEqual(before.pods);
          expect(answer.warnings.join(' ')).toContain(
            `Nothing is restarted: Deployment ${ground.namespace}/${reader.name}`,
          );
        },
      };
    },
    'what else reads it is named: a pod of its own, and a manifest that was applied': async (ground) => {
      const secret = await secretIn(ground, {
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
        data: { password: 'hunter2hunter', unused: '' },
      });
      const bare = await ground.barePod({ spec: { containers: [byVariable(secret)] } });
      return {
        target: secret,
        parameters: {},
        see: async (answer) => {
          const said = answer.warnings.join('\n');
          expect(said).toContain(`Pod ${ground.namespace}/${bare.name} read Secret`);
          expect(said).toContain('to apply its manifest again would bring the old values back');
          expect(said).toContain('unused');
          expect((await ground.read(bare)).metadata.deletionTimestamp).toBeUndefined();
        },
        seeUndone: async () => expect(text(await stateOf(ground, secret, []), 'password')).toBe('hunter2hunter'),
      };
    },
    'by cert-manager': byCertManager,
    'by External Secrets': byExternalSecrets,
  },

  refusals: {
    'an immutable Secret': (ground) => refusal(ground, { immutable: true }, /is immutable/),
    'the token of a service account': (ground) =>
      refusal(
        ground,
        {
          type: 'kubernetes.io/service-account-token',
          annotations: { 'kubernetes.io/service-account.name': 'default' },
        },
        /is the token of a service account/,
      ),
    'a bootstrap token': (ground) => refusal(ground, { type: 'bootstrap.kubernetes.io/token' }, /is a bootstrap token/),
    'the record of a Helm release': (ground) =>
      refusal(ground, { type: 'helm.sh/release.v1' }, /is the record of a Helm release/),
    'a key that is not there': async (ground) => ({
      ...(await refusal(ground, {}, /has no key nothing/)),
      parameters: { keys: ['password', 'nothing'] },
    }),
    'a Secret without keys': (ground) => refusal(ground, { data: {} }, /has no keys/),
    'a value that is a URL, and one that is a certificate': (ground) =>
      refusal(
        ground,
        {
          data: {
            password: 'hunter2hunter',
            url: 'postgres://shop:hunter2hunter@db/shop',
            cert: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
          },
        },
        /cert holds a PEM block, such as a certificate or a key; url holds a URL/,
      ),
    'a reader that is paused': async (ground) => {
      const target = await secretIn(ground);
      await ground.workload('Deployment', { containers: [byVariable(target)], spec: { paused: true }, ready: false });
      return { target, parameters: {}, code: 'precondition_failed', detail: /is paused; resume it first \(it reads/ };
    },
    'a reader whose strategy is OnDelete': async (ground) => {
      const target = await secretIn(ground);
      const spec = { updateStrategy: { type: 'OnDelete' } };
      await ground.workload('StatefulSet', { podSpec: byVolume(target), spec, ready: false });
      return { target, parameters: {}, code: 'precondition_failed', detail: /updateStrategy OnDelete/ };
    },
    'a reader that a controller of its own would change back': async (ground) => {
      const target = await secretIn(ground);
      const reader = await ground.workload('StatefulSet', { podSpec: byVolume(target) });
      const owner = await ground.create({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: ground.name('operator'), namespace: ground.namespace },
      });
      const { name, uid } = owner.metadata;
      const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid, controller: true }];
      await ground.patch(reader, { metadata: { ownerReferences } });
      return { target, parameters: {}, code: 'precondition_failed', detail: /is controlled by ConfigMap/ };
    },
    'a reader that is protected': async (ground) => {
      const target = await secretIn(ground);
      const labels = { 'executor.kubernaut.io/protected': 'true' };
      await ground.workload('Deployment', { containers: [byVariable(target)], labels, ready: false });
      return { target, parameters: {}, code: 'protected_target', detail: /it has the label/ };
    },
    'what cert-manager is issuing already': certificateRefusal({ issuing: true }, /is being issued already/),
    'what another Certificate makes': certificateRefusal({ makes: 'another' }, /but that one makes another/),
    'what a Certificate made that is gone': certificateRefusal({ gone: true }, /which is gone/),
    'keys of what is renewed as a whole': certificateRefusal({ keys: ['tls.key'] }, /renews its keys all together/),
    'what External Secrets fetches only once': async (ground: Ground): Promise<Refused> => {
      const { secret } = await externalSecrets(ground, { spec: { refreshPolicy: 'CreatedOnce' } });
      return { target: secret, parameters: {}, code: 'precondition_failed', detail: /refreshPolicy CreatedOnce/ };
    },
    'what External Secrets writes without saying from where': async (ground: Ground): Promise<Refused> => ({
      ...(await refusal(ground, { labels: { 'reconcile.external-secrets.io/managed': 'true' } }, /does not say/)),
    }),
  },
};

/** The test plays the controller: it sees the condition, writes another certificate and takes the condition away. */
async function byCertManager(ground: Ground): Promise<Effect> {
  const { certificate, secret, issue } = await certManager(ground);
  const reader = await ground.workload('Deployment', { podSpec: byVolume(secret) });
  const before = await stateOf(ground, secret, [reader]);
  return {
    target: secret,
    parameters: {},
    touches: [certificate, reader],
    notVerified: true,
    undoReason: /cert-manager makes the Secret/,
    meanwhile: (signal) => until(signal, issue),
    see: async (answer) => {
      const after = await stateOf(ground, secret, [reader]);
      expect(after.data['tls.crt'] === before.data['tls.crt']).toBe(false);
      expect(after.pods.filter((uid) => before.pods.includes(uid))).toEqual([]);
      expect(after.metadata.annotations).toEqual(before.metadata.annotations);
      expect(answer.result).toMatchObject({ renewed_by: 'cert-manager' });
    },
  };
}

async function byExternalSecrets(ground: Ground): Promise<Effect> {
  const { externalSecret, secret, synchronise } = await externalSecrets(ground);
  return {
    target: secret,
    parameters: { restart_pods: false },
    touches: [externalSecret],
    undoReason: /External Secrets makes the Secret/,
    meanwhile: (signal) => until(signal, synchronise),
    see: async (answer) => {
      const { metadata } = await ground.read(externalSecret);
      expect(metadata.annotations?.['force-sync']).toMatch(/^\d{13}$/);
      expect(answer.result).toMatchObject({ renewed_by: 'External Secrets' });
    },
  };
}

function certificateRefusal(
  shape: { issuing?: true; makes?: string; gone?: true; keys?: string[] },
  detail: RegExp,
): (ground: Ground) => Promise<Refused> {
  return async (ground) => {
    const { certificate, secret } = await certManager(ground, shape);
    if (shape.gone) await ground.cluster.delete(certificate);
    const parameters = shape.keys ? { keys: shape.keys } : {};
    return { target: secret, parameters, code: 'precondition_failed', detail };
  };
}

async function until(signal: AbortSignal, act: () => Promise<boolean>): Promise<void> {
  while (!signal.aborted && !(await act())) await sleep(100);
}

interface SecretShape {
  data?: Record<string, string>;
  type?: string;
  immutable?: boolean;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

async function secretIn(ground: Ground, shape: SecretShape = {}): Promise<ObjectReference> {
  const { data = { password: 'hunter2hunter', token: 'deadbeef00112233445566778899aabb\n' } } = shape;
  const { type = 'Opaque', immutable, labels = {}, annotations = {} } = shape;
  const name = ground.name('secret');
  await ground.create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: ground.namespace, labels, annotations },
    type,
    stringData: data,
    ...(immutable ? { immutable } : {}),
  });
  return { apiVersion: 'v1', kind: 'Secret', namespace: ground.namespace, name };
}

async function refusal(ground: Ground, shape: SecretShape, detail: RegExp): Promise<Refused> {
  return { target: await secretIn(ground, shape), parameters: {}, code: 'precondition_failed', detail };
}

interface State {
  metadata: KubernetesObject['metadata'];
  data: Record<string, string>;
  pods: string[];
}

async function stateOf(ground: Ground, secret: ObjectReference, readers: ObjectReference[]): Promise<State> {
  const { metadata, data } = await ground.read(secret);
  return { metadata, data: data as Record<string, string>, pods: await podsOf(ground, readers) };
}

async function podsOf(ground: Ground, workloads: ObjectReference[]): Promise<string[]> {
  const pods = await Promise.all(workloads.map((workload) => ground.podsOf(workload)));
  return pods.flat().map(({ metadata }) => metadata.uid ?? '');
}

function text({ data }: State, key: string): string {
  return Buffer.from(data[key] ?? '', 'base64').toString();
}

const app = { name: 'app', image: 'registry.example/app:1' };

function byVariable({ name }: ObjectReference): Record<string, unknown> {
  return { ...app, env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name, key: 'password' } } }] };
}

function byAllVariables({ name }: ObjectReference): Record<string, unknown> {
  return { ...app, envFrom: [{ secretRef: { name } }] };
}

function byVolume({ name }: ObjectReference): Record<string, unknown> {
  return { volumes: [{ name: 'secret', secret: { secretName: name } }] };
}

function byProjectedVolume({ name }: ObjectReference): Record<string, unknown> {
  return { volumes: [{ name: 'all', projected: { sources: [{ secret: { name } }] } }] };
}
