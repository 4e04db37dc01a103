import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../../src/platform/kubernetes-connection.ts';
import { auditFromNow } from '../../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes } from '../../support/cluster.ts';
import { type Service, startService } from '../../support/service.ts';

const minuteMs = 60_000;
/** On the minute, as cron has it. */
const now = new Date(Math.floor(Date.now() / minuteMs) * minuteMs);

let cluster: ConnectedCluster;
let service: Service;
let namespace: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2']);
  namespace = await createNamespace(cluster, 'freeze');
  await createDeployment(cluster, { namespace, name: 'web', replicas: 1 });
  service = await startService();
});

afterAll(async () => {
  await service.close();
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

interface Window {
  name: string;
  namespaces?: string[];
  schedule: string;
  time_zone?: string;
  duration: string;
}

/** A window that began so many minutes ago, today, by the clocks of that zone. */
function began(minutesAgo: number, duration: string, timeZone = 'UTC'): Window {
  const at = new Date(now.getTime() - minutesAgo * minuteMs);
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone, hour: 'numeric', minute: 'numeric', hourCycle: 'h23' });
  const [hour = 0, minute = 0] = parts.format(at).split(':').map(Number);
  return { name: 'closing', schedule: `${minute} ${hour} * * *`, time_zone: timeZone, duration };
}

const after = (minutes: number) => new Date(now.getTime() + minutes * minuteMs).toISOString();

async function scaled(windows: Window[], replicas: number, more: Record<string, unknown> = {}, verdict = 'deny') {
  const env = {
    EXECUTOR_SAFETY_RULES_FREEZE_WINDOW_WINDOWS: JSON.stringify(windows),
    EXECUTOR_SAFETY_RULES_FREEZE_WINDOW_VERDICT: verdict,
  };
  const replica = await service.replica({ env });
  return await replica.execute('scale_deployment', { namespace, resource_name: 'web', replicas }, more);
}

test.each(['UTC', 'Asia/Kolkata', 'America/St_Johns'])('in an open window of %s nothing is changed', async (zone) => {
  const audit = await auditFromNow();

  const refused = await scaled([began(10, '30m', zone)], 3);

  expect(refused.status).toBe(403);
  expect(refused.body).toMatchObject({
    code: 'policy_denied',
    detail: `closing is a window in which nothing is changed in ${namespace}, until ${after(20)}`,
    retry_at: after(20),
  });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(15 * 60);
  expect(await audit.writes({ namespace })).toEqual([]);
});

test('one window may begin before another ends, of those that hold here', async () => {
  const windows = [
    began(10, '30m'),
    { ...began(-15, '1h'), name: 'then' },
    { ...began(-60, '5h'), name: 'elsewhere', namespaces: ['other', 'freezer-*'] },
  ];

  expect((await scaled(windows, 3)).body).toMatchObject({ retry_at: after(75) });
});

test('a person is asked where the settings say so', async () => {
  expect((await scaled([began(10, '30m')], 3, {}, 'ask')).body).toMatchObject({
    status: 'pending_approval',
    message: expect.stringMatching(/^Waits for somebody to agree: closing is a window/),
  });
});

test('a dry run, what is so already, and what begins after the window pass', async () => {
  const window = [began(10, '30m')];

  expect((await scaled(window, 3, { dry_run: true })).body).toMatchObject({ status: 'completed', dry_run: true });
  expect((await scaled(window, 1)).body).toMatchObject({ status: 'completed', changed: false });
  expect((await scaled(window, 3, { not_before: after(19) })).body).toMatchObject({ code: 'policy_denied' });
  expect(await scaled(window, 3, { not_before: after(20) })).toMatchObject({ status: 202, body: { status: 'queued' } });
});

test.each([
  ['over', began(30, '29m')],
  ['not yet open', began(-2, '1h')],
  ['that of another namespace', { ...began(10, '30m'), namespaces: ['fr', 'freez', '*-other'] }],
])('a window that is %s does not stand in the way', async (_what, window) => {
  const { body } = await service.get('/api/v1/executions');
  const replicas = 2 + (body.items.length % 5);

  expect((await scaled([window], replicas)).body).toMatchObject({ status: 'completed', changed: true });
});

test('an undo that is due in a window waits for its end', async () => {
  await createDeployment(cluster, { namespace, name: 'debugged', replicas: 1 });
  const frozen = await service.replica({
    env: { EXECUTOR_SAFETY_RULES_FREEZE_WINDOW_WINDOWS: JSON.stringify([began(10, '30m')]) },
  });
  const done = await service.execute('enable_debug_mode', {
    namespace,
    resource_name: 'debugged',
    resource_type: 'Deployment',
    env_name: 'LOG_LEVEL',
    log_level: 'debug',
    duration: '1m',
  });
  expect(done.body, JSON.stringify(done.body)).toMatchObject({ status: 'completed' });
  const undo = done.body.undo.scheduled_by;
  await service.sql`update execution set not_before = now() where id = ${undo}`;

  await frozen.tick();

  expect((await service.get(`/api/v1/status/${undo}`)).body).toMatchObject({
    status: 'queued',
    message: expect.stringContaining('closing is a window'),
  });
});

test.each([
  [[{ name: 'a', schedule: '0 25 * * *', duration: '1h' }], /is no schedule of cron/],
  [[{ name: 'a', schedule: '0 0 31 2 *', duration: '1h' }], /is no schedule of cron/],
  [[{ name: 'a', schedule: '0 0 * *', duration: '1h' }], /is no schedule of cron/],
  [[{ name: 'a', schedule: '0 0 * * *', time_zone: 'Mars/Olympus', duration: '1h' }], /is no time zone/],
  [[{ name: 'a', schedule: '0 0 * * *' }], /duration/],
  [[{ name: 'a', schedule: '0 0 * * *', duration: '1h', until: 'x' }], /windows/],
])('settings %j stop the start', async (windows, fault) => {
  const env = { EXECUTOR_SAFETY_RULES_FREEZE_WINDOW_WINDOWS: JSON.stringify(windows) };

  await expect(service.replica({ env })).rejects.toThrow(fault);
});
