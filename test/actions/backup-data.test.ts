import { afterAll, beforeAll, expect, test } from 'vitest';
import { tick } from '../../src/executor/loop.ts';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import { type Ground, openGround } from '../scenarios/ground.ts';
import { claimOf, driverPlayed, snapshotDriver, volumeSnapshot } from '../scenarios/snapshots.ts';
import { auditFromNow } from '../support/audit.ts';
import { type Replica, type Service, startService } from '../support/service.ts';

let ground: Ground;
let service: Service;
const expires = 'executor.kubernaut.io/expires';

beforeAll(async () => {
  ground = await openGround('backup');
  service = await startService();
});

afterAll(async () => {
  await service.close();
  await ground.close();
});

async function claim(): Promise<ObjectReference> {
  const { driver } = await snapshotDriver(ground);
  return await claimOf(ground, driver);
}

async function backup(
  { apiVersion, ...named }: ObjectReference,
  options: { error?: string } = {},
  replica: Replica = service,
) {
  const over = new AbortController();
  const playing = driverPlayed(ground, options)(over.signal);
  const answer = await replica.execute('backup_data', {}, { target: { api_version: apiVersion, ...named } });
  over.abort();
  await playing.catch(() => undefined);
  return answer;
}

function snapshot(name: string): ObjectReference {
  return { ...volumeSnapshot, namespace: ground.namespace, name };
}

async function prunes(replica: Replica = service): Promise<void> {
  await tick(replica.runtime.executor, new AbortController().signal, true);
}

async function annotate(name: string, value: string | null): Promise<void> {
  await ground.patch(snapshot(name), { metadata: { annotations: { [expires]: value } } });
}

async function isThere(name: string): Promise<boolean> {
  return await ground.cluster.get(snapshot(name)).then(
    () => true,
    () => false,
  );
}

test('the driver fails: the run has failed with its message, and can be undone', async () => {
  const { body } = await backup(await claim(), { error: 'rpc error: no space left in the pool' });

  expect(body, JSON.stringify(body)).toMatchObject({
    status: 'failed',
    changed: true,
    error: { code: 'verification_failed', message: expect.stringContaining('no space left in the pool') },
    undo: { available: true },
  });
  const { body: undone } = await service.post(body.links.rollback);
  expect(undone).toMatchObject({ status: 'completed' });
  expect(await isThere(body.result.snapshots[0])).toBe(false);
});

test('a cluster without the snapshot API: not supported, and what to install', async () => {
  const target = await claim();
  const without = await service.replica({
    // As an API server answers that serves no such group.
    faults: (send) => async (url, init) =>
      String(url).includes('/apis/snapshot.storage.k8s.io')
        ? new Response('404 page not found\n', { status: 404, headers: { 'content-type': 'text/plain' } })
        : await send(url, init),
  });

  const { status, body } = await backup(target, {}, without);
  await prunes(without);

  expect(status).toBe(422);
  expect(body).toMatchObject({
    code: 'not_supported',
    detail: expect.stringContaining('snapshot.storage.k8s.io/v1'),
    hint: expect.stringContaining('CRDs'),
  });
});

test('two snapshots of one claim stand side by side, and the undo of one leaves the other', async () => {
  const target = await claim();
  const { body: first } = await backup(target);
  const { body: second } = await backup(target);

  await service.post(first.links.rollback);

  expect(await isThere(first.result.snapshots[0])).toBe(false);
  expect(await isThere(second.result.snapshots[0])).toBe(true);
});

test('an undo deletes the very snapshot that was made, not another under its name', async () => {
  const { body } = await backup(await claim());
  const [name] = body.result.snapshots;
  await ground.cluster.delete(snapshot(name));
  await ground.create({ ...volumeSnapshot, metadata: { name, namespace: ground.namespace }, spec: { source: {} } });

  await service.post(body.links.rollback);

  expect(await isThere(name)).toBe(true);
});

test('what has expired is deleted once, over two replicas, and told of in the log and to its execution', async () => {
  const { body } = await backup(await claim());
  const [name] = body.result.snapshots;
  await annotate(name, new Date(Date.now() - 1_000).toISOString());
  const other = await service.replica();
  const audit = await auditFromNow();

  await Promise.all([prunes(), prunes(other)]);

  expect(await isThere(name)).toBe(false);
  const deleted = (await audit.writes({ namespace: ground.namespace, name })).filter((write) => write.endsWith(' 200'));
  expect(deleted).toEqual(['delete volumesnapshots 200']);
  const events =
    await service.sql`select message from execution_event where execution_id = ${body.action_id} and type = 'execution.snapshot_deleted'`;
  expect(events).toMatchObject([{ message: expect.stringContaining(name) }]);
  expect([...service.logLines, ...other.logLines].filter((line) => line.includes(`${name} was deleted`))).toHaveLength(
    1,
  );
});

test('what an operator keeps longer stays, as do one that has no readable date and one that is not ours', async () => {
  const kept = (await backup(await claim())).body.result.snapshots[0];
  const undated = (await backup(await claim())).body.result.snapshots[0];
  const foreign = ground.name('foreign');
  const past = new Date(Date.now() - 60_000).toISOString();
  await annotate(kept, new Date(Date.now() + 60_000).toISOString());
  await annotate(undated, 'for ever');
  await ground.create({
    ...volumeSnapshot,
    metadata: { name: foreign, namespace: ground.namespace, annotations: { [expires]: past } },
    spec: { source: {} },
  });

  await prunes();

  expect(await Promise.all([kept, undated, foreign].map(isThere))).toEqual([true, true, true]);
});
