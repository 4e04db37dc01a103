import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import { eventually } from '../support/cluster.ts';
import { ensureCustomKind } from './custom-kind.ts';
import type { Ground } from './ground.ts';
import { maintenanceScenarios } from './maintenance.ts';
import type { Refused, Scenarios } from './scenario.ts';

const apiVersion = 'postgresql.cnpg.io/v1';
const jobs = maintenanceScenarios('failover_database', {
  parameters: { target_replica: 'database-2' },
  environment: { EXECUTOR_TARGET_REPLICA: 'database-2' },
});

export const scenarios: Scenarios = {
  effects: {
    ...jobs.effects,
    'the operator switches over to the first replica that is ready': async (ground) => {
      const target = await postgres(ground, { instances: 3, notReady: [2] });
      return { target, parameters: {}, meanwhile: operator(ground, target), see: seePrimary(ground, target, 3) };
    },
    'the operator switches over to the replica that is named': async (ground) => {
      const target = await postgres(ground, { instances: 3 });
      const parameters = { target_replica: `${target.name}-3` };
      return { target, parameters, meanwhile: operator(ground, target), see: seePrimary(ground, target, 3) };
    },
    'a replica that is not ready, when told to': async (ground) => {
      const target = await postgres(ground, { instances: 2, notReady: [2] });
      return {
        target,
        parameters: { target_replica: `${target.name}-2`, force: true },
        meanwhile: operator(ground, target, { mends: 2 }),
        see: seePrimary(ground, target, 2),
      };
    },
    'the primary itself: nothing to do': async (ground) => {
      const target = await postgres(ground, { instances: 2 });
      return {
        target,
        parameters: { target_replica: `${target.name}-1` },
        see: async (answer) => {
          expect(answer).toMatchObject({ changed: false, message: expect.stringContaining('It is so already') });
          await seePrimary(ground, target, 1)(answer);
        },
      };
    },
  },
  refusals: {
    ...jobs.refusals,
    'no such instance': async (ground) => {
      const target = await postgres(ground, { instances: 2 });
      return refused(target, /has no instance other-1/, { target_replica: 'other-1' });
    },
    'a replica that is not ready': async (ground) => {
      const target = await postgres(ground, { instances: 2, notReady: [2] });
      return refused(target, /is not ready: it may lack/, { target_replica: `${target.name}-2` });
    },
    'no replica that is ready': async (ground) =>
      refused(await postgres(ground, { instances: 2, notReady: [2] }), /has no replica that is ready/),
    'a switchover under way': async (ground) => {
      const target = await postgres(ground, { instances: 3 });
      await ground.patch(target, { status: { targetPrimary: `${target.name}-2` } }, 'status');
      return refused(target, /is switching over to .*-2 already/, { target_replica: `${target.name}-3` });
    },
    'a cluster that has no primary yet': async (ground) => {
      const target = await postgres(ground, { instances: 1 });
      await ground.patch(target, { status: null }, 'status');
      return refused(target, /has no primary yet/);
    },
  },
  unusedPermissions: {
    ...jobs.unusedPermissions,
    'get clusters/status.postgresql.cnpg.io': 'Whether it was written, where the answer was lost',
  },
};

function refused(target: ObjectReference, detail: RegExp, parameters: Record<string, unknown> = {}): Refused {
  return { target, parameters, code: 'precondition_failed', detail };
}

/** A CloudNativePG cluster as its operator leaves it: its first instance is the primary. */
async function postgres(
  ground: Ground,
  { instances, notReady = [] }: { instances: number; notReady?: number[] },
): Promise<ObjectReference> {
  await ensureCustomKind(ground, { group: 'postgresql.cnpg.io', kind: 'Cluster', plural: 'clusters' });
  const name = ground.name('pg');
  const { namespace } = ground;
  const target = { apiVersion, kind: 'Cluster', namespace, name };
  const { metadata } = await ground.create({
    apiVersion,
    kind: 'Cluster',
    metadata: { name, namespace },
    spec: { instances },
  });
  for (let number = 1; number <= instances; number += 1) {
    const ready = !notReady.includes(number);
    const pod = `${name}-${number}`;
    await ground.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: pod,
        namespace,
        labels: { 'cnpg.io/cluster': name, 'cnpg.io/podRole': 'instance', 'cnpg.io/instanceName': pod },
        annotations: ready ? {} : { 'test/never-ready': 'true' },
        ownerReferences: [{ apiVersion, kind: 'Cluster', name, uid: metadata.uid ?? '', controller: true }],
      },
      spec: { containers: [{ name: 'postgres', image: 'registry.example/postgres:18' }] },
    });
    if (ready) await untilReady(ground, pod);
  }
  const primary = `${name}-1`;
  const phase = 'Cluster in healthy state';
  await ground.patch(
    target,
    { status: { currentPrimary: primary, targetPrimary: primary, phase, instances } },
    'status',
  );
  return target;
}

async function untilReady({ cluster, namespace }: Ground, name: string): Promise<void> {
  await eventually(async () => {
    const { status } = await cluster.get({ apiVersion: 'v1', kind: 'Pod', namespace, name });
    const { conditions = [] } = status as { conditions?: { type: string; status: string }[] };
    expect(conditions.find(({ type }) => type === 'Ready')?.status).toBe('True');
  });
}

/** The operator's part: what is asked for becomes so, a moment later. `mends`: that instance's pod becomes ready. */
function operator(ground: Ground, target: ObjectReference, { mends }: { mends?: number } = {}) {
  return async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const { status } = await ground.cluster.get(target);
      const { currentPrimary, targetPrimary } = status as Record<string, string>;
      if (currentPrimary !== targetPrimary) {
        const condition = { type: 'Ready', status: 'True', lastTransitionTime: new Date().toISOString() };
        const pod = { apiVersion: 'v1', kind: 'Pod', namespace: ground.namespace, name: `${target.name}-${mends}` };
        if (mends) await ground.patch(pod, { status: { phase: 'Running', conditions: [condition] } }, 'status');
        const after = { currentPrimary: targetPrimary, phase: 'Cluster in healthy state', phaseReason: '' };
        await ground.patch(target, { status: after }, 'status');
      }
      await sleep(50, undefined, { signal }).catch(() => undefined);
    }
  };
}

function seePrimary(ground: Ground, target: ObjectReference, number: number) {
  return async (answer: { changed: boolean; result: unknown }): Promise<void> => {
    const { status } = await ground.read(target);
    const primary = `${target.name}-${number}`;
    expect(status).toMatchObject({ currentPrimary: primary, targetPrimary: primary });
    if (answer.changed)
      expect(status).toMatchObject({
        targetPrimaryTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      });
  };
}
