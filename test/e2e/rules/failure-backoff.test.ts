import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../../src/platform/kubernetes-connection.ts';
import { auditFromNow } from '../../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes } from '../../support/cluster.ts';
import { type Answer, type Service, startService } from '../../support/service.ts';

let cluster: ConnectedCluster;
let service: Service;
let namespace: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2']);
  namespace = await createNamespace(cluster, 'fails');
  service = await startService({
    env: {
      EXECUTOR_SAFETY_RULES_FAILURE_BACKOFF_VERDICT: 'deny',
      EXECUTOR_SAFETY_RULES_FAILURE_BACKOFF_DELAYS: '["1m","2m"]',
      EXECUTOR_SAFETY_RULES_FAILURE_BACKOFF_BLOCKED_AFTER: '4',
    },
  });
});

afterAll(async () => {
  await service.close();
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

async function neverReady(name: string): Promise<void> {
  const podAnnotations = { 'test/never-ready': 'true' };
  await createDeployment(cluster, { namespace, name, replicas: 0, podAnnotations });
}

/** What cannot get ready need not be waited for long; what can is given the time that it takes. */
const failsSoon = { timeout: '1s' };

const scale = (name: string, replicas: number, more: Record<string, unknown> = failsSoon) =>
  service.execute('scale_deployment', { namespace, resource_name: name, replicas }, more);

/** As if all that has ended on it had ended so much earlier. */
async function later(name: string, seconds: number): Promise<void> {
  await service.sql`update execution set finished_at = finished_at - make_interval(secs => ${seconds}) where name = ${name}`;
}

function expectTimedOut(answer: Answer): Answer {
  expect(answer.body, JSON.stringify(answer.body)).toMatchObject({ status: 'timed_out' });
  return answer;
}

test('what has failed is refused for longer each time, then blocked until it is acknowledged', async () => {
  await neverReady('keeps-failing');
  const first = expectTimedOut(await scale('keeps-failing', 1));

  const soon = await scale('keeps-failing', 2);
  expect(soon.status).toBe(429);
  expect(soon.body).toMatchObject({
    code: 'failure_backoff',
    detail: expect.stringContaining(`scale_deployment has failed once on Deployment ${namespace}/keeps-failing`),
    retry_at: new Date(Date.parse(first.body.finished_at) + 60_000).toISOString(),
  });

  await later('keeps-failing', 61);
  const second = expectTimedOut(await scale('keeps-failing', 2));
  expect((await scale('keeps-failing', 3)).body).toMatchObject({
    code: 'failure_backoff',
    retry_at: new Date(Date.parse(second.body.finished_at) + 120_000).toISOString(),
  });

  // The last delay holds for all that follow.
  await later('keeps-failing', 121);
  const third = expectTimedOut(await scale('keeps-failing', 3));
  expect((await scale('keeps-failing', 4)).body).toMatchObject({
    code: 'failure_backoff',
    retry_at: new Date(Date.parse(third.body.finished_at) + 120_000).toISOString(),
  });

  await later('keeps-failing', 121);
  const fourth = expectTimedOut(await scale('keeps-failing', 4));
  await later('keeps-failing', 24 * 3600);
  const audit = await auditFromNow();
  const acknowledge = `/api/v1/executions/${fourth.body.action_id}/acknowledge`;
  const blocked = await scale('keeps-failing', 5);
  expect(blocked.status).toBe(409);
  expect(blocked.body).toMatchObject({
    code: 'blocked',
    detail: expect.stringContaining('failed 4 times in a row'),
    hint: expect.stringContaining(`POST ${acknowledge}`),
  });
  // What is so already is no proof that it goes well now.
  expect((await scale('keeps-failing', 4, {})).body).toMatchObject({ status: 'completed', changed: false });
  expect((await scale('keeps-failing', 6)).body).toMatchObject({ code: 'blocked' });
  expect(await audit.writes({ namespace, name: 'keeps-failing' })).toEqual([]);

  const cleared = await service.post(acknowledge, { reason: 'the image is there again' });
  const twice = await service.post(acknowledge, { reason: 'once more' });

  expect(cleared).toMatchObject({
    status: 200,
    body: {
      action_id: fourth.body.action_id,
      status: 'timed_out',
      acknowledged: { at: expect.any(String), by: null, reason: 'the image is there again' },
    },
  });
  expect(twice.body).toEqual(cleared.body);
  expectTimedOut(await scale('keeps-failing', 5));
  expect(await service.sql`select message from execution_event where type = 'execution.acknowledged'`).toEqual([
    { message: 'Its failure is acknowledged: the image is there again' },
  ]);
});

test('another action, another target, a dry run and what is so already are not held back', async () => {
  await neverReady('held-back');
  await createDeployment(cluster, { namespace, name: 'neighbour', replicas: 1 });
  expectTimedOut(await scale('held-back', 1));

  expect((await scale('held-back', 2, { dry_run: true })).body).toMatchObject({ status: 'completed' });
  expect((await scale('held-back', 1, {})).body).toMatchObject({ status: 'completed', changed: false });
  expect((await scale('neighbour', 2, {})).body).toMatchObject({ status: 'completed', changed: true });
});

test('what went well ends the row of failures; a failure that was rolled back does not', async () => {
  await neverReady('recovers');
  const failed = expectTimedOut(await scale('recovers', 1));
  await service.post(failed.body.links.rollback);
  expect((await scale('recovers', 2)).body).toMatchObject({ code: 'failure_backoff' });
  await later('recovers', 61);
  expectTimedOut(await scale('recovers', 1));
  await later('recovers', 121);
  expect((await scale('recovers', 0, {})).body).toMatchObject({ status: 'completed', changed: true });

  expectTimedOut(await scale('recovers', 1));

  expect((await scale('recovers', 2)).body).toMatchObject({
    code: 'failure_backoff',
    detail: expect.stringContaining('failed once'),
  });
});

test('to resume what has failed last need not wait', async () => {
  await neverReady('resumed');
  const failed = expectTimedOut(await scale('resumed', 1));
  await cluster.patch(
    { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'resumed' },
    { type: 'merge', body: { spec: { replicas: 0 } } },
  );

  const resumed = await service.post(failed.body.links.resume);

  expectTimedOut(resumed);
  expect(resumed.body).toMatchObject({ resume_of: failed.body.action_id });
});

test('what is queued for a time after the delay is taken into the queue', async () => {
  await neverReady('waits');
  const failed = expectTimedOut(await scale('waits', 1));
  const at = (seconds: number) => new Date(Date.parse(failed.body.finished_at) + seconds * 1000).toISOString();

  const tooSoon = await scale('waits', 2, { not_before: at(30) });
  const after = await scale('waits', 2, { not_before: at(90) });

  expect(tooSoon.body).toMatchObject({ code: 'failure_backoff', retry_at: at(60) });
  expect(after).toMatchObject({ status: 202, body: { status: 'queued', not_before: at(90) } });
});

test('only a failure can be acknowledged, by a body that says no more than why', async () => {
  await createDeployment(cluster, { namespace, name: 'well', replicas: 1 });
  const well = await scale('well', 2, {});
  const path = `/api/v1/executions/${well.body.action_id}/acknowledge`;

  expect(await service.post(path)).toMatchObject({
    status: 409,
    body: { code: 'conflict', detail: expect.stringContaining('it is completed'), action_id: well.body.action_id },
  });
  expect(await service.post('/api/v1/executions/none/acknowledge')).toMatchObject({
    status: 404,
    body: { code: 'execution_not_found' },
  });
  expect(await service.post(path, { because: 'x' })).toMatchObject({
    status: 422,
    body: { code: 'validation_failed', errors: [{ pointer: '/because' }] },
  });
});
