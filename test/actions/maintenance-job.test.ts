import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { KubernetesObject } from '../../src/kubernetes/object.ts';
import { type Ground, openGround } from '../scenarios/ground.ts';
import { cronJob, labelOf } from '../scenarios/maintenance.ts';
import { auditFromNow } from '../support/audit.ts';
import { eventually, onRealCluster } from '../support/cluster.ts';
import { startProcess } from '../support/process.ts';
import { type Service, startService } from '../support/service.ts';

let ground: Ground;
let service: Service;
const env = { EXECUTOR_ACTIONS_LEASE: '2s' };

beforeAll(async () => {
  ground = await openGround('jobs');
  service = await startService({ env });
});

afterAll(async () => {
  await service.close();
  await ground.close();
});

const action = 'compact_storage';

async function prepared(podAnnotations: Record<string, string> = {}) {
  const target = await ground.workload('StatefulSet');
  const job = await cronJob(ground, action, { resource: labelOf(target), podAnnotations });
  const { apiVersion, ...named } = target;
  return { job, name: target.name, request: { target: { api_version: apiVersion, ...named } } };
}

async function jobOf(name: string): Promise<KubernetesObject> {
  return await ground.cluster.get({ apiVersion: 'batch/v1', kind: 'Job', namespace: ground.namespace, name });
}

/** What differs from one Job to the next whoever makes it. */
function comparable({ metadata, spec }: KubernetesObject) {
  const { labels = {}, annotations = {}, ownerReferences } = metadata;
  const {
    selector: _,
    template,
    ...rest
  } = spec as { selector: unknown; template: { metadata: object; spec: { containers: object[] } } };
  const own = new Set([
    'batch.kubernetes.io/controller-uid',
    'batch.kubernetes.io/job-name',
    'controller-uid',
    'job-name',
  ]);
  const { labels: podLabels = {}, ...podMetadata } = template.metadata as { labels?: Record<string, string> };
  return {
    labels: Object.fromEntries(
      Object.entries(labels).filter(([key]) => !key.startsWith('executor.kubernaut.io/') && !own.has(key)),
    ),
    annotations: Object.fromEntries(
      Object.entries(annotations).filter(([key]) => key !== 'batch.kubernetes.io/job-tracking'),
    ),
    ownerReferences,
    spec: rest,
    template: {
      metadata: {
        ...podMetadata,
        labels: Object.fromEntries(Object.entries(podLabels).filter(([key]) => !own.has(key))),
      },
      spec: {
        ...template.spec,
        containers: template.spec.containers.map((container) =>
          Object.fromEntries(Object.entries(container).filter(([key]) => key !== 'env')),
        ),
      },
    },
  };
}

test.runIf(onRealCluster)(
  'the Job is the one that kubectl creates from the CronJob, but for its label and variables',
  async () => {
    const { job, request } = await prepared();
    await ground.kubectl('create', 'job', `--from=cronjob/${job}`, `${job}-by-hand`);

    const { body } = await service.execute(action, {}, request);

    expect(body, JSON.stringify(body)).toMatchObject({ status: 'completed' });
    expect(comparable(await jobOf(body.changes[0].target.name))).toEqual(comparable(await jobOf(`${job}-by-hand`)));
  },
);

test('a Job that fails is a run that failed, with what the Job said and the end of its log', async () => {
  const { request } = await prepared({ 'test/exit-code': '1' });

  const { status, body } = await service.execute(action, {}, request);

  expect(status).toBe(200);
  expect(body, JSON.stringify(body)).toMatchObject({
    status: 'failed',
    changed: true,
    error: { code: 'verification_failed', message: expect.stringMatching(/failed: BackoffLimitExceeded/) },
    result: { job: expect.stringContaining('maintain-'), log: [{ container: 'maintain', text: expect.any(String) }] },
    undo: { available: false },
  });
});

test('a Job that takes too long: the run times out, says that the Job goes on, and another is refused until it ends', async () => {
  const { request } = await prepared({ 'test/ready-after': '60s' });

  const late = await service.execute(action, {}, { ...request, timeout: '1500ms' });
  const next = await service.execute(action, {}, request);

  expect(late.body).toMatchObject({ status: 'timed_out', message: expect.stringMatching(/runs still \(1 active/) });
  expect(next.body).toMatchObject({
    code: 'precondition_failed',
    detail: expect.stringContaining('has not ended yet'),
  });
});

test('the manifest of the hint is one that the API server takes, and that the action then finds', async () => {
  const target = await ground.workload('Deployment');
  const { apiVersion, ...named } = target;
  const request = { target: { api_version: apiVersion, ...named } };
  const { body: refused } = await service.execute(action, {}, request);
  const manifest = parse(refused.hint.slice(refused.hint.indexOf('\n') + 1));
  await ground.create(manifest);

  const { body } = await service.execute(action, {}, request);

  expect(refused).toMatchObject({ code: 'not_supported' });
  expect(body, JSON.stringify(body)).toMatchObject({ status: 'completed', changed: true });
});

test('what stands in the template of the CronJob is in no record: plan, change and event hold its name and our variables', async () => {
  const { job, request } = await prepared();
  const template = {
    spec: {
      containers: [
        { name: 'maintain', image: 'registry.example/maintenance:1', env: [{ name: 'PASSWORD', value: 'hunter22' }] },
      ],
    },
  };
  await ground.patch(
    { apiVersion: 'batch/v1', kind: 'CronJob', namespace: ground.namespace, name: job },
    { spec: { jobTemplate: { spec: { template } } } },
  );

  const { body } = await service.execute(action, {}, request);
  const rows = await service.sql`select execution::text as row from execution where id = ${body.action_id}`;
  const events =
    await service.sql`select execution_event::text as row from execution_event where execution_id = ${body.action_id}`;

  expect(body).toMatchObject({ status: 'completed' });
  const [made] = body.changes;
  const { spec } = await jobOf(made.target.name);
  expect(JSON.stringify(spec)).toContain('hunter22');
  expect(JSON.stringify([body, rows, events, service.logLines])).not.toContain('hunter22');
});

test(
  'a replica killed while the Job runs: another waits for that very Job, makes no other, and has its log',
  { timeout: 90_000 },
  async () => {
    const { request } = await prepared({ 'test/ready-after': '6s' });
    const victim = await startProcess(service.databaseUrl, env);
    const audit = await auditFromNow();
    const cut = fetch(`${victim.url}/api/v1/execute`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action_id: 'job-cut', action, parameters: {}, ...request }),
    }).catch(() => undefined);
    const created = async () =>
      (await audit.writes({ namespace: ground.namespace })).filter((write) => write.startsWith('create jobs'));
    await eventually(async () => expect(await created()).toHaveLength(1));
    await victim.kill();
    await cut;

    const settled = await eventually(async () => {
      await service.tick();
      const { body } = await service.get('/api/v1/status/job-cut');
      expect(['completed', 'failed']).toContain(body.status);
      return body;
    }, 60_000);

    expect(settled, JSON.stringify(settled)).toMatchObject({
      status: 'completed',
      settled: { from: 'the cluster' },
      result: { log: [{ container: 'maintain' }] },
    });
    expect(await created()).toHaveLength(1);
  },
);
