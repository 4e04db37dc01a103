import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import { type Ground, openGround } from '../scenarios/ground.ts';
import { eventually } from '../support/cluster.ts';
import { type Service, startService } from '../support/service.ts';

let ground: Ground;
let service: Service;

beforeAll(async () => {
  ground = await openGround('debug');
  service = await startService();
});

afterAll(async () => {
  await service.close();
  await ground.close();
});

const givenLevel = {
  name: 'LOG_LEVEL',
  valueFrom: { configMapKeyRef: { name: 'levels', key: 'level', optional: true } },
};

async function deployment(): Promise<ObjectReference> {
  const containers = [{ name: 'app', image: 'registry.example/app:1', env: [givenLevel] }];
  return await ground.workload('Deployment', { containers });
}

async function environmentOf({ name }: ObjectReference): Promise<unknown> {
  const { spec } = await ground.cluster.get({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    namespace: ground.namespace,
    name,
  });
  return (spec as { template: { spec: { containers: { env: unknown }[] } } }).template.spec.containers[0]?.env;
}

test('a Pod stands for its Deployment, and the undo does not need the Pod, which the rollout has replaced', async () => {
  const workload = await deployment();
  const pod = await ground.podOf(workload);

  const { body } = await service.execute(
    'enable_debug_mode',
    {},
    { target: { kind: 'Pod', namespace: ground.namespace, name: pod.name } },
  );
  const during = await environmentOf(workload);
  const undone = await service.post(body.links.rollback);

  expect(body, JSON.stringify(body)).toMatchObject({
    status: 'completed',
    target: { kind: 'Pod', name: pod.name },
    changes: [{ target: { kind: 'Deployment', name: workload.name } }],
  });
  expect(body.warnings.join()).toContain(`The rollout replaces Pod ${pod.name}`);
  expect(during).toEqual([{ name: 'LOG_LEVEL', value: 'debug' }]);
  expect(undone.body, JSON.stringify(undone.body)).toMatchObject({ status: 'completed', changed: true });
  expect(await environmentOf(workload)).toEqual([givenLevel]);
});

test('after its duration the value is what it was, by itself', async () => {
  const workload = await deployment();

  const { body } = await service.execute('enable_debug_mode', {
    namespace: ground.namespace,
    resource_name: workload.name,
    duration: '1s',
  });
  const during = await environmentOf(workload);

  expect(body.undo.scheduled_by).toEqual(expect.any(String));
  expect(during).toEqual([{ name: 'LOG_LEVEL', value: 'debug' }]);
  await eventually(async () => {
    await service.tick();
    const undo = await service.get(`/api/v1/status/${body.undo.scheduled_by}`);
    expect(undo.body).toMatchObject({ status: 'completed', rollback_of: body.action_id });
  });
  expect(await environmentOf(workload)).toEqual([givenLevel]);
});
