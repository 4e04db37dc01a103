import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { undescribed } from '../http/described-answer.ts';
import { expectProblem } from '../http/expect-problem.ts';
import { approverSettings, as, type Decision, decideOn, pendingApproval } from '../support/approvers.ts';
import { auditFromNow } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes, eventually } from '../support/cluster.ts';
import { runningLoop } from '../support/loop.ts';
import { type Answer, type Replica, type Service, startService } from '../support/service.ts';

let cluster: ConnectedCluster;
let namespace: string;
let service: Service;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  namespace = await createNamespace(cluster, 'approve');
});

afterEach(async () => {
  await service.close();
});

afterAll(async () => {
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

async function start(env: Record<string, string> = {}): Promise<void> {
  service = await startService({ env: { ...approverSettings, ...env } });
}

async function deployment(name: string): Promise<void> {
  await createDeployment(cluster, { namespace, name, replicas: 1 });
}

const scale = (name: string, replicas: number, more: object = {}, headers: Record<string, string> = {}) =>
  service.post(
    '/api/v1/execute',
    { action: 'scale_deployment', parameters: { namespace, resource_name: name, replicas }, ...more },
    { ...as('ada'), ...headers },
  );

const approvalOf = (asked: Answer) => pendingApproval(service, asked);
const decide = (
  approval: Answer['body'],
  verb: 'approve' | 'reject',
  { replica = service, ...more }: Decision & { replica?: Replica } = {},
) => decideOn(replica, approval, verb, more);

const untilStatus = (id: string, status: string) =>
  eventually(async () => {
    const { body } = await service.get(`/api/v1/status/${id}`, as('ada'));
    expect(body, JSON.stringify(body)).toMatchObject({ status });
    return body;
  });

async function eventReasons(name: string): Promise<unknown[]> {
  const { items } = await cluster.list({
    apiVersion: 'v1',
    kind: 'Event',
    namespace,
    fieldSelector: `involvedObject.name=${name},source=executor-service`,
  });
  return items.map((event) => event['reason']);
}

const patch = 'patch deployments/scale 200';

test('nothing is held nor done until somebody else agrees; then it is done once, and all of it is on record', async () => {
  await start();
  await using _loop = runningLoop(service);
  await deployment('agreed');
  const audit = await auditFromNow();

  const asked = await scale('agreed', 2, {}, { 'idempotency-key': 'agreed' });
  const again = await scale('agreed', 2, {}, { 'idempotency-key': 'agreed' });
  const approval = await approvalOf(asked);
  const held = await service.sql`
    select (select count(*) from target_lock)::int as locks, (select count(*) from cooldown)::int as cooldowns,
      (select count(*) from slot where execution_id is not null)::int as slots`;
  const before = await audit.writes({ namespace, name: 'agreed' });
  const listed = await service.get('/api/v1/approvals?status=pending', as('cleo'));
  const approved = await decide(approval, 'approve', { comment: 'looked at it' });
  const ran = await untilStatus(asked.body.action_id, 'completed');

  expect(asked.status).toBe(202);
  expect(asked.headers.get('location')).toBe(`/api/v1/status/${asked.body.action_id}`);
  expect(undescribed('POST /api/v1/execute', asked)).toEqual([]);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(again.body.action_id).toBe(asked.body.action_id);
  expect(asked.body.verdicts).toContainEqual({ rule: 'approval', verdict: 'ask', reason: expect.any(String) });
  expect(held).toEqual([{ locks: 0, cooldowns: 0, slots: 0 }]);
  expect(before).toEqual([]);
  expect(undescribed('GET /api/v1/approvals', listed)).toEqual([]);
  expect(listed.body.items.map(({ id }: Answer['body']) => id)).toEqual([approval.id]);
  expect(approval).toMatchObject({
    status: 'pending',
    requested_by: 'static:ada',
    plan_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    evaluation: { verdict: 'ask', changes: [{ summary: expect.stringContaining('agreed') }] },
  });
  expect(Date.parse(approval.expires_at) - Date.parse(approval.requested_at)).toBe(30 * 60_000);
  expect(approved.status, JSON.stringify(approved.body)).toBe(200);
  expect(undescribed('POST /api/v1/approvals/{id}/approve', approved)).toEqual([]);
  expect(approved.body).toMatchObject({ status: 'approved', decided_by: 'static:ben', comment: 'looked at it' });
  expect(ran).toMatchObject({ changed: true, requested_by: 'static:ada', approved_by: 'static:ben' });
  expect(ran.verdicts).toContainEqual({ rule: 'approval', verdict: 'allow', reason: 'Approved by static:ben' });
  expect(await audit.writes({ namespace, name: 'agreed' })).toEqual([patch]);
  const told = await service.sql`
    select type, by, data->>'comment' as comment from audit_entry where execution_id = ${asked.body.action_id} order by id`;
  expect(told.slice(0, 4).map(({ type, by }) => [type, by])).toEqual([
    ['execution.pending_approval', 'static:ada'],
    ['approval.requested', 'static:ada'],
    ['approval.approved', 'static:ben'],
    ['execution.queued', 'static:ada'],
  ]);
  expect(told[2]?.['comment']).toBe('looked at it');
  expect(await eventReasons('agreed')).toEqual(expect.arrayContaining(['ApprovalRequested', 'ApprovalGiven']));
  expect(service.logLines.filter((line) => line.includes('Approval of scale_deployment'))).toHaveLength(2);
});

test('a decision says on which plan: without If-Match 428, for any or another plan 412; not by oneself, not unseen', async () => {
  await start();
  await deployment('precise');
  const approval = await approvalOf(await scale('precise', 2));

  const answers = {
    missing: await decide(approval, 'approve', { ifMatch: undefined }),
    any: await decide(approval, 'approve', { ifMatch: '*' }),
    other: await decide(approval, 'approve', { ifMatch: `"${'0'.repeat(64)}"` }),
    weak: await decide(approval, 'approve', { ifMatch: `W/"${approval.plan_hash}"` }),
    own: await decide(approval, 'approve', { by: 'ada' }),
    unseen: await decide(approval, 'approve', { by: 'elsewhere' }),
  };
  const hidden = await service.get(`/api/v1/approvals/${approval.id}`, as('elsewhere'));
  const list = await service.get('/api/v1/approvals', as('elsewhere'));
  const still = await service.get(`/api/v1/approvals/${approval.id}`, as('ben'));

  expect(
    Object.fromEntries(Object.entries(answers).map(([name, { status, body }]) => [name, [status, body.code]])),
  ).toEqual({
    missing: [428, 'precondition_required'],
    any: [412, 'approval_stale'],
    other: [412, 'approval_stale'],
    weak: [412, 'approval_stale'],
    own: [403, 'permission_denied'],
    unseen: [404, 'approval_not_found'],
  });
  for (const answer of Object.values(answers)) {
    expect(undescribed('POST /api/v1/approvals/{id}/approve', answer)).toEqual([]);
  }
  expectProblem(hidden, { status: 404, code: 'approval_not_found' });
  expect(list.body).toEqual({ items: [], next: null });
  expect(still.body.status).toBe('pending');
  expect(still.headers.get('etag')).toBe(`"${approval.plan_hash}"`);
});

test('of two approvers on two replicas at once one decides, and it is done once', async () => {
  await start();
  await using _loop = runningLoop(service);
  const other = await service.replica();
  for (let round = 0; round < 5; round += 1) {
    const name = `raced-${round}`;
    await deployment(name);
    const audit = await auditFromNow();
    const asked = await scale(name, 2);
    const approval = await approvalOf(asked);

    const answers = await Promise.all([
      decide(approval, round % 2 === 0 ? 'approve' : 'reject'),
      decide(approval, 'approve', { by: 'cleo', replica: other }),
    ]);
    const { body: after } = await service.get(`/api/v1/approvals/${approval.id}`, as('ben'));
    await untilStatus(asked.body.action_id, after.status === 'approved' ? 'completed' : 'refused');

    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
    expect(await audit.writes({ namespace, name })).toEqual(after.status === 'approved' ? [patch] : []);
  }
});

test('what was asked about has changed: 412, nothing is done, and the execution is refused', async () => {
  await start();
  await deployment('moved');
  const asked = await scale('moved', 3);
  const approval = await approvalOf(asked);
  await cluster.patch(
    { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'moved' },
    { type: 'merge', body: { spec: { replicas: 2 } } },
  );
  const audit = await auditFromNow();

  const stale = await decide(approval, 'approve');
  const after = await service.get(`/api/v1/approvals/${approval.id}`, as('ben'));
  const again = await decide(approval, 'approve');
  await service.tick();

  expect(stale.status, JSON.stringify(stale.body)).toBe(412);
  expect(stale.body).toMatchObject({ code: 'approval_stale', action_id: asked.body.action_id });
  expect(after.body).toMatchObject({
    status: 'stale',
    execution: { status: 'refused', error: { code: 'approval_stale' }, changed: false },
  });
  expect(again.status).toBe(409);
  expect(await audit.writes({ namespace, name: 'moved' })).toEqual([]);
});

test('made anew under its name, it is another object; a version that moved for other reasons is the same plan', async () => {
  await start();
  await using _loop = runningLoop(service);
  for (const name of ['remade', 'labelled']) await deployment(name);
  const [remade, labelled] = [await scale('remade', 2), await scale('labelled', 2)];
  const target = (name: string) => ({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name });
  await cluster.delete(target('remade'));
  await eventually(async () => {
    await deployment('remade');
  });
  await cluster.patch(target('labelled'), { type: 'merge', body: { metadata: { labels: { seen: 'yes' } } } });

  const stale = await decide(await approvalOf(remade), 'approve');
  const same = await decide(await approvalOf(labelled), 'approve');

  expect([stale.status, stale.body.code]).toEqual([412, 'approval_stale']);
  expect(same.status, JSON.stringify(same.body)).toBe(200);
  await untilStatus(labelled.body.action_id, 'completed');
});

test('what changes between the approval and its turn is not done either', async () => {
  await start();
  await deployment('late');
  const asked = await scale('late', 3);
  expect((await decide(await approvalOf(asked), 'approve')).status).toBe(200);
  await cluster.patch(
    { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'late' },
    { type: 'merge', body: { spec: { replicas: 2 } } },
  );

  await service.tick();

  const { body } = await service.get(`/api/v1/status/${asked.body.action_id}`, as('ada'));
  expect(body).toMatchObject({ status: 'refused', changed: false, error: { code: 'approval_stale' } });
});

test('rejected, or not answered in time, it is refused, and spends no cooldown', async () => {
  await start({ EXECUTOR_SAFETY_APPROVAL_EXPIRES_AFTER: '2s', EXECUTOR_ACTIONS_COOLDOWN_PERIOD: '5m' });
  await deployment('no');
  const audit = await auditFromNow();
  const rejected = await scale('no', 2);
  const no = await decide(await approvalOf(rejected), 'reject', { comment: 'not now' });
  const ignored = await approvalOf(await scale('no', 2));
  const swept = await approvalOf(await scale('no', 3));

  await new Promise((resolve) => setTimeout(resolve, 2_100));
  const late = await decide(ignored, 'approve');
  await service.tick();
  const later = await decide(swept, 'approve');
  const list = await service.get('/api/v1/approvals?status=expired', as('ben'));

  expect(no.body, JSON.stringify(no.body)).toMatchObject({ status: 'rejected', execution: { status: 'refused' } });
  expect(no.body.execution).toMatchObject({
    message: 'Rejected by static:ben: not now',
    error: { code: 'policy_denied' },
  });
  for (const answer of [late, later]) expect([answer.status, answer.body.code]).toEqual([409, 'approval_expired']);
  expect(list.body.items).toHaveLength(2);
  const { body: ended } = await service.get(`/api/v1/status/${swept.action_id}`, as('ada'));
  expect(ended).toMatchObject({ status: 'refused', error: { code: 'approval_expired' } });
  expect(await service.sql`select key from cooldown`).toEqual([]);
  expect(await audit.writes({ namespace, name: 'no' })).toEqual([]);
  expect(await eventReasons('no')).toEqual(expect.arrayContaining(['ApprovalRefused', 'ApprovalExpired']));
});

test('all gates are asked again: a cooldown that began meanwhile holds the approval back, and nothing is decided', async () => {
  await start({ EXECUTOR_ACTIONS_COOLDOWN_PERIOD: '5m' });
  await deployment('gated');
  const first = await scale('gated', 2);
  const second = await scale('gated', 3);
  const approval = await approvalOf(second);
  expect((await decide(await approvalOf(first), 'approve')).status).toBe(200);
  await service.tick();
  await untilStatus(first.body.action_id, 'completed');
  // As it was when it was asked about.
  await cluster.patch(
    { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'gated' },
    { type: 'merge', body: { spec: { replicas: 1 } } },
  );

  const cooling = await decide(approval, 'approve');
  const busy = await service.get(`/api/v1/approvals/${approval.id}`, as('ben'));

  expect([cooling.status, cooling.body.code]).toEqual([429, 'cooldown_active']);
  expect(busy.body.status).toBe('pending');
});

test('a pending one is cancelled; under an emergency stop what is approved waits', async () => {
  await start();
  for (const name of ['cancelled', 'stopped']) await deployment(name);
  const cancelled = await scale('cancelled', 2);
  const stopped = await scale('stopped', 2);
  const control = (on: boolean) =>
    service.app.request('/api/v1/controls', {
      method: 'PUT',
      headers: { 'content-type': 'application/json', ...as('ada') },
      body: JSON.stringify({ scope: namespace, stopped: on }),
    });

  const ended = await service.post(cancelled.body.links.cancel, undefined, as('ada'));
  const void_ = await service.get(cancelled.body.links.approval, as('ben'));
  await control(true);
  const approved = await decide(await approvalOf(stopped), 'approve');
  await service.tick();
  const waits = await service.get(`/api/v1/status/${stopped.body.action_id}`, as('ada'));
  await control(false);
  await service.tick();

  expect(ended.body, JSON.stringify(ended.body)).toMatchObject({ status: 'cancelled' });
  expect(void_.body.status).toBe('stale');
  expect((await decide(void_.body, 'approve')).status).toBe(409);
  expect(approved.status).toBe(200);
  expect(waits.body).toMatchObject({ status: 'queued', message: expect.stringContaining('Emergency stop') });
  await untilStatus(stopped.body.action_id, 'completed');
});

test('a rollback is asked about as well; what is scheduled waits for its time once it is approved', async () => {
  await start();
  for (const name of ['back', 'scheduled']) await deployment(name);
  const done = await scale('back', 2);
  expect((await decide(await approvalOf(done), 'approve')).status).toBe(200);
  await service.tick();
  await untilStatus(done.body.action_id, 'completed');

  const undo = await service.post(`/api/v1/executions/${done.body.action_id}/rollback`, {}, as('ada'));
  const soon = new Date(Date.now() + 3_000).toISOString();
  const scheduled = await scale('scheduled', 2, { not_before: soon });
  expect((await decide(await approvalOf(undo), 'approve')).status).toBe(200);
  const approved = await decide(await approvalOf(scheduled), 'approve');
  await service.tick();

  await untilStatus(undo.body.action_id, 'completed');
  expect((await service.get(`/api/v1/status/${done.body.action_id}`, as('ada'))).body.status).toBe('rolled_back');
  expect(approved.body.execution).toMatchObject({ status: 'queued', not_before: soon });
  await using _loop = runningLoop(service);
  await untilStatus(scheduled.body.action_id, 'completed');
});

test('from which risk on somebody is asked the settings say; what the rules ask about, whatever the risk', async () => {
  await start({
    EXECUTOR_SAFETY_REQUIRE_CONFIRMATION: 'false',
    EXECUTOR_SAFETY_APPROVAL_FROM_RISK: 'high',
    EXECUTOR_SAFETY_RULES_BLAST_RADIUS_VERDICT: 'ask',
    EXECUTOR_SAFETY_RULES_BLAST_RADIUS_TARGETS_PER_NAMESPACE: '1',
  });
  await using _loop = runningLoop(service);
  for (const name of ['first', 'second']) await deployment(name);

  const medium = await scale('first', 2);
  const high = await scale('first', 9);
  const wide = await scale('second', 2);
  const dry = await scale('second', 9, { dry_run: true });
  const asked = await approvalOf(wide);
  const approved = await decide(asked, 'approve');

  expect(medium.body, JSON.stringify(medium.body)).toMatchObject({ status: 'completed', changed: true });
  expect(high.body).toMatchObject({ status: 'pending_approval', risk: { level: 'high' } });
  expect(dry.body).toMatchObject({ status: 'completed', dry_run: true });
  expect(asked.evaluation.verdicts).toContainEqual({
    rule: 'blast_radius',
    verdict: 'ask',
    reason: expect.stringContaining('1 targets'),
  });
  expect(approved.status, JSON.stringify(approved.body)).toBe(200);
  await untilStatus(wide.body.action_id, 'completed');
});

test('one level below, where it happens and who is touched decide: a high risk in production is asked about', async () => {
  await start({
    EXECUTOR_SAFETY_REQUIRE_CONFIRMATION: 'false',
    EXECUTOR_SAFETY_APPROVAL_FROM_RISK: 'critical',
  });
  await deployment('quarantined');
  const { items } = await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector: 'app=quarantined' });
  const label = (environment: string | null) =>
    cluster.patch(
      { apiVersion: 'v1', kind: 'Namespace', name: namespace },
      { type: 'merge', body: { metadata: { labels: { environment } } } },
    );
  const quarantine = (more: object = {}) =>
    service.post(
      '/api/v1/execute',
      { action: 'quarantine_pod', parameters: { namespace, resource_name: items[0]?.metadata.name }, ...more },
      as('ada'),
    );
  await label('production');

  const asked = await approvalOf(await quarantine());
  await label(null);
  const decided = await decide(asked, 'reject');
  const elsewhere = await quarantine();

  expect(asked.evaluation).toMatchObject({
    risk: { level: 'critical', reasons: [expect.stringContaining('is production')] },
    impact: { pods: 1, ready_before: 1, ready_during: 0 },
  });
  expect(decided.status).toBe(200);
  expect(decided.body.execution.impact).toEqual(asked.evaluation.impact);
  expect(elsewhere.body, JSON.stringify(elsewhere.body)).toMatchObject({
    status: 'completed',
    risk: { level: 'high' },
    impact: { pods: 1, ready_before: 1, ready_during: 0 },
  });
});

test('where nobody says who they are, nobody can agree; it can be rejected', async () => {
  service = await startService({ env: { EXECUTOR_SAFETY_REQUIRE_CONFIRMATION: 'true' } });
  await deployment('nobody');
  const asked = await service.execute('scale_deployment', { namespace, resource_name: 'nobody', replicas: 2 });
  const { body: approval } = await service.get(asked.body.links.approval);
  const headers = { 'if-match': `"${approval.plan_hash}"` };

  const approved = await service.post(`/api/v1/approvals/${approval.id}/approve`, {}, headers);
  const rejected = await service.post(`/api/v1/approvals/${approval.id}/reject`, {}, headers);

  expect(asked.body.warnings).toEqual([expect.stringContaining('Nobody can agree to this')]);
  expectProblem(approved, { status: 403, code: 'permission_denied' });
  expect(rejected.body).toMatchObject({ status: 'rejected', execution: { status: 'refused' } });
});
