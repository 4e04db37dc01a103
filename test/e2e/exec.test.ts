import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Container, openContainer } from '../scenarios/exec-ground.ts';
import { type Ground, openGround } from '../scenarios/ground.ts';
import { auditFromNow } from '../support/audit.ts';
import { eventually, onRealCluster } from '../support/cluster.ts';
import { startProcess } from '../support/process.ts';
import { type Service, startService } from '../support/service.ts';

/** Commands that last: a JVM that stands still answers its tool only when it goes on. The sandbox's never stands still. */
describe.skipIf(!onRealCluster)('a command that lasts', () => {
  const env = { EXECUTOR_ACTIONS_LEASE: '2s', EXECUTOR_KUBERNETES_TIMEOUT: '1s' };
  let ground: Ground;
  let service: Service;
  let container: Container;
  let jvm: Awaited<ReturnType<Container['jvm']>>;

  beforeAll(async () => {
    ground = await openGround('exec');
  });

  afterAll(async () => {
    await ground.close();
  });

  beforeEach(async () => {
    container = await openContainer(ground);
    jvm = await container.jvm();
    await container.run('kill', '-STOP', jvm.pid);
  });

  afterEach(async () => {
    await jvm.stop();
    await service.close();
  });

  function asked(id: string) {
    const { namespace, name } = container.pod;
    return {
      action_id: id,
      action: 'create_heap_dump',
      target: { kind: 'Pod', namespace, name },
      parameters: { output_path: `${container.folder}/heap.hprof` },
    };
  }

  async function untilDumping(of = service): Promise<void> {
    const audit = await auditFromNow();
    await eventually(async () => {
      const requests = await audit.requests({ namespace: ground.namespace, name: container.pod.name });
      expect(requests.length).toBeGreaterThan(0);
      expect(await of.sql`select id from execution where status = 'running'`).toHaveLength(1);
    });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
  }

  test('is waited for beyond the time of one call and beyond a lease, which is renewed meanwhile', async () => {
    service = await startService({ env });

    const answer = service.post('/api/v1/execute', asked('long-1'));
    await untilDumping();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await container.run('kill', '-CONT', jvm.pid);
    const { body } = await answer;

    expect(body, JSON.stringify(body)).toMatchObject({ status: 'completed', changed: true, settled: null });
    expect(body.duration_ms).toBeGreaterThan(3_000);
    expect(body.result.heap_dump.bytes).toBeGreaterThan(100_000);
  });

  test('ends with the deadline of the run, as unknown: nobody knows whether it goes on', async () => {
    service = await startService({ env: { ...env, EXECUTOR_ACTIONS_EXECUTION_TIMEOUT: '3s' } });

    const { body } = await service.post('/api/v1/execute', asked('late-1'));

    expect(body, JSON.stringify(body)).toMatchObject({
      status: 'timed_out',
      success: false,
      changes: [{ kind: 'exec', status: 'unknown' }],
      undo: { available: false },
    });
    expect(body.duration_ms).toBeLessThan(20_000);
  });

  test('whose replica is killed is settled as unknown, and never run again', async () => {
    service = await startService({ env });
    const victim = await startProcess(service.databaseUrl, env);
    const audit = await auditFromNow();

    const cut = fetch(`${victim.url}/api/v1/execute`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(asked('killed-1')),
    }).catch(() => undefined);
    await untilDumping();
    await victim.kill();
    await cut;
    const begun = await audit.writes({ namespace: ground.namespace, name: container.pod.name });
    const settled = await eventually(async () => {
      await service.tick();
      const { body } = await service.get('/api/v1/status/killed-1');
      expect(body.status).toBe('failed');
      return body;
    });

    expect(settled).toMatchObject({
      error: { code: 'replica_lost' },
      message: expect.stringContaining("the cluster can't tell whether this was done: Dump the live objects"),
      changes: [{ status: 'unknown' }],
    });
    expect(begun.length).toBeLessThanOrEqual(3);
    expect(await audit.writes({ namespace: ground.namespace, name: container.pod.name })).toHaveLength(begun.length);
    expect(await service.sql`select key from target_lock`).toEqual([]);
  });
});
