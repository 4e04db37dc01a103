import { afterAll, beforeAll, expect, test } from 'vitest';
import { openGround, type Ground } from '../scenarios/ground.ts';
import { eventually } from '../support/cluster.ts';
import { type Service, startService } from '../support/service.ts';

const policies = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' };
let ground: Ground;
let service: Service;

beforeAll(async () => {
  ground = await openGround('quarantine');
  service = await startService();
}, 60_000);

afterAll(async () => {
  await service?.close();
  await ground?.close();
});

test('a quarantine of some time ends by itself: the pod is in its Service again or gone, and the policy is gone', async () => {
  const target = await ground.barePod({ labels: { app: 'lasting' } });

  const { body } = await quarantine(target.name, { duration: '1s' });

  expect(body).toMatchObject({ status: 'completed' });
  expect(body.warnings).toEqual(
    expect.arrayContaining([expect.stringMatching(/It is undone by itself 1s after its end/)]),
  );
  await eventually(async () => {
    await service.tick();
    expect((await ground.read(target)).metadata.labels).toEqual({ app: 'lasting' });
    expect(await policiesOf(target.name)).toEqual([]);
  });
}, 30_000);

test('a pod in quarantine that may ask for names after all keeps its policy, which gets the other egress', async () => {
  const target = await ground.barePod();
  await quarantine(target.name, {});

  const { body } = await quarantine(target.name, { allow_dns: true });

  expect(body).toMatchObject({ status: 'completed', changed: true });
  expect(await policiesOf(target.name)).toMatchObject([
    { spec: { policyTypes: ['Ingress', 'Egress'], egress: [{ ports: [{ port: 53 }, { port: 53 }] }] } },
  ]);
}, 30_000);

test('the undo of a quarantine whose pod is gone takes the policy away and says what it leaves out', async () => {
  const target = await ground.barePod();
  const { body } = await quarantine(target.name, {});
  await ground.cluster.delete(target, { gracePeriodSeconds: 0 });
  await eventually(() => expect(ground.cluster.get(target)).rejects.toThrow(/not found/));

  const undone = await service.post(body.links.rollback);

  expect(undone.body).toMatchObject({ status: 'completed' });
  expect(undone.body.warnings).toEqual([expect.stringMatching(/is left out: it is gone/)]);
  expect(await policiesOf(target.name)).toEqual([]);
}, 30_000);

function quarantine(name: string, parameters: Record<string, unknown>) {
  return service.execute('quarantine_pod', parameters, { target: { kind: 'Pod', namespace: ground.namespace, name } });
}

async function policiesOf(pod: string) {
  const { items } = await ground.cluster.list({ ...policies, namespace: ground.namespace });
  return items.filter(({ metadata }) => metadata.ownerReferences?.[0]?.name === pod);
}
