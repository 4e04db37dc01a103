import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KubernetesObject, ObjectReference } from '../../src/kubernetes/object.ts';
import type { Fetch } from '../../src/kubernetes/transport.ts';
import { type Ground, openGround } from '../scenarios/ground.ts';
import { auditFromNow } from '../support/audit.ts';
import { eventually } from '../support/cluster.ts';
import { startProcess } from '../support/process.ts';
import { type Answer, type Service, startService } from '../support/service.ts';

let ground: Ground;
let service: Service;

beforeAll(async () => {
  ground = await openGround('rotation');
  service = await startService();
}, 60_000);

afterAll(async () => {
  await service?.close();
  await ground?.close();
});

test('an answer that is lost after the commit is no second rotation: the Secret says that it was done', async () => {
  const secret = await secretIn(ground);
  const audit = await auditFromNow();
  let left = 1;
  const lossy = await service.replica({
    faults: (send: Fetch) => async (url, init) => {
      const response = await send(url, init);
      if (init.method !== 'PATCH' || left === 0) return response;
      left -= 1;
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }) });
    },
  });

  const answer = await rotate(secret, lossy);

  expect(answer.body).toMatchObject({ status: 'completed', changed: true });
  expect(await audit.writes(secret)).toEqual(['patch secrets 200']);
});

test('a replica killed between the new values and its record: another settles the run, and it can be undone', async () => {
  const secret = await secretIn(ground);
  const { data } = await ground.cluster.get(secret);
  await reader(secret, { 'test/ready-after': '2s' });
  const owner = await startService({ env: { EXECUTOR_ACTIONS_LEASE: '4s' } });
  const victim = await startProcess(owner.databaseUrl, { EXECUTOR_ACTIONS_LEASE: '4s' });
  const audit = await auditFromNow();

  const cut = fetch(`${victim.url}/api/v1/execute`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      action_id: 'rotation-1',
      action: 'rotate_secrets',
      target: { kind: 'Secret', namespace: secret.namespace, name: secret.name },
    }),
  }).catch(() => undefined);
  await eventually(async () => expect(await audit.writes(secret)).toHaveLength(1));
  await eventually(async () =>
    expect(await audit.writes({ namespace: ground.namespace })).toContain('patch deployments 200'),
  );
  await victim.kill();
  await cut;
  const settled = await eventually(async () => {
    await owner.tick();
    const { body } = await owner.get('/api/v1/status/rotation-1');
    expect(body.status, JSON.stringify(body)).toBe('completed');
    return body;
  });
  const undone = await owner.post(settled.links.rollback);

  expect(settled).toMatchObject({ changed: true, settled: { from: 'the cluster' }, undo: { available: true } });
  expect(undone.body, JSON.stringify(undone.body)).toMatchObject({ status: 'completed', changed: true });
  expect((await ground.cluster.get(secret))['data']).toEqual(data);
  await owner.close();
}, 60_000);

test('values that somebody has changed since are drift; with force the old ones come back', async () => {
  const secret = await secretIn(ground);
  const { data } = await ground.cluster.get(secret);
  const rotated = await rotate(secret);
  await ground.patch(secret, { stringData: { password: 'by-somebody-else' } });

  const refused = await service.post(rotated.body.links.rollback);
  const forced = await service.post(rotated.body.links.rollback, { force: true });

  expect(refused.body).toMatchObject({ code: 'drift_detected', hint: expect.stringContaining('force') });
  expect(refused.body.detail).toContain('The values of password, user of Secret');
  expect(forced.body, JSON.stringify(forced.body)).toMatchObject({ status: 'completed', changed: true });
  expect((await ground.cluster.get(secret))['data']).toEqual(data);
});

test('a label that somebody has set since is no drift: only the values count', async () => {
  const secret = await secretIn(ground);
  const rotated = await rotate(secret);
  await ground.patch(secret, { metadata: { labels: { team: 'shop' } } });

  const undone = await service.post(rotated.body.links.rollback);

  expect(undone.body, JSON.stringify(undone.body)).toMatchObject({ status: 'completed', changed: true });
});

test('two rotations are undone one after the other, the last one first', async () => {
  const secret = await secretIn(ground);
  const { data } = await ground.cluster.get(secret);
  const first = await rotate(secret);
  const between = await ground.cluster.get(secret);
  const second = await rotate(secret);

  const tooEarly = await service.post(first.body.links.rollback);
  const last = await service.post(second.body.links.rollback);
  const { data: restored } = await ground.cluster.get(secret);
  const initial = await service.post(first.body.links.rollback);

  expect(tooEarly.body).toMatchObject({ code: 'drift_detected' });
  expect([last.body.status, initial.body.status]).toEqual(['completed', 'completed']);
  expect(restored).toEqual(between['data']);
  expect((await ground.cluster.get(secret))['data']).toEqual(data);
});

test('without its copy a rotation can not be undone, and says so', async () => {
  const secret = await secretIn(ground);
  const rotated = await rotate(secret);
  await ground.cluster.delete({ ...secret, name: rotated.body.result.backup });

  const refused = await service.post(rotated.body.links.rollback);

  expect(refused.body).toMatchObject({ code: 'not_reversible' });
  expect(refused.body.detail).toContain('is gone');
});

test('the undo restarts the readers once more, whoever has restarted them since; one that is gone is left out by force', async () => {
  const secret = await secretIn(ground);
  const [stays, goes] = [await reader(secret), await reader(secret)];
  const rotated = await rotate(secret);
  await service.execute(
    'restart_deployment',
    {},
    { target: { kind: 'Deployment', namespace: ground.namespace, name: stays.name } },
  );
  const before = await podUids(stays);

  await ground.cluster.delete(goes);
  const refused = await service.post(rotated.body.links.rollback);
  const undone = await service.post(rotated.body.links.rollback, { force: true });

  expect(refused.body).toMatchObject({ code: 'drift_detected' });
  expect(refused.body.detail).toContain(`${goes.name} is gone`);
  expect(undone.body, JSON.stringify(undone.body)).toMatchObject({ status: 'completed', changed: true });
  expect(undone.body.warnings.join(' ')).toContain(`${goes.name} is left out`);
  expect(undone.body.changes.map(({ kind }: { kind: string }) => kind)).toEqual(['restore_secret', 'restart']);
  const after = await podUids(stays);
  expect(after).toHaveLength(before.length);
  expect(after.filter((uid) => before.includes(uid))).toEqual([]);
}, 60_000);

test('a Secret that changes between reading and writing is rotated as it is then', async () => {
  const secret = await secretIn(ground);
  let left = 1;
  const raced = await service.replica({
    faults: (send: Fetch) => async (url, init) => {
      if (init.method === 'POST' && left > 0) {
        left -= 1;
        await ground.patch(secret, { stringData: { added: 'between-the-two' } });
        return conflict();
      }
      return await send(url, init);
    },
  });

  const answer = await rotate(secret, raced);

  expect(answer.body, JSON.stringify(answer.body)).toMatchObject({ status: 'completed' });
  expect(answer.body.result.keys).toEqual(['added', 'password', 'user']);
});

async function rotate({ namespace, name }: ObjectReference, by: Pick<Service, 'execute'> = service): Promise<Answer> {
  return await by.execute('rotate_secrets', {}, { target: { kind: 'Secret', namespace, name } });
}

async function secretIn({ cluster, namespace, name }: Ground): Promise<ObjectReference> {
  const reference = { apiVersion: 'v1', kind: 'Secret', namespace, name: name('secret') };
  await cluster.create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: reference.name, namespace },
    stringData: { user: 'shop-user', password: 'hunter2hunter2' },
  });
  return reference;
}

function reader({ name }: ObjectReference, podAnnotations: Record<string, string> = {}): Promise<ObjectReference> {
  return ground.workload('Deployment', {
    podAnnotations,
    podSpec: { volumes: [{ name: 'secret', secret: { secretName: name } }] },
  });
}

async function podUids(workload: ObjectReference): Promise<(string | undefined)[]> {
  return (await ground.podsOf(workload)).map(({ metadata }: KubernetesObject) => metadata.uid);
}

function conflict(): Awaited<ReturnType<Fetch>> {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: 'changed',
    reason: 'Conflict',
    code: 409,
  };
  return Response.json(status, { status: 409 });
}
