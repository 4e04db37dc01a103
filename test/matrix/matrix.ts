import { randomUUID } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clusterRole } from '../../scripts/rbac/cluster-role.ts';
import { neededPermissions } from '../../src/executor/needed-permissions.ts';
import type { Action } from '../../src/actions/define.ts';
import { actions } from '../../src/actions/registry.ts';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import type { Permission } from '../../src/kubernetes/permission.ts';
import { findClusterAccess } from '../../src/platform/kubernetes-access.ts';
import { rules } from '../../src/policy/rules.ts';
import { type Ground, openGround } from '../scenarios/ground.ts';
import { scenariosOf } from '../scenarios/load.ts';
import { type Asked, type Effect, type Scenarios, specOf } from '../scenarios/scenario.ts';
import { type Audit, type AuditEntry, auditFromNow } from '../support/audit.ts';
import { onRealCluster } from '../support/cluster.ts';
import { countTraffic } from '../support/counting-fetch.ts';
import { createServiceAccount, type TestServiceAccount } from '../support/service-account.ts';
import { type Answer, type Service, startService } from '../support/service.ts';

/** Names of actions, by commas: these alone, and a role for these alone. */
const chosen = process.env['MATRIX_ACTIONS']?.split(',');
const unknown = chosen?.filter((word) => !actions.some(({ name }) => name === word)) ?? [];
if (unknown.length > 0) throw new Error(`MATRIX_ACTIONS: there is no action ${unknown.join(', ')}`);
const tried = actions.filter(({ name }) => !chosen || chosen.includes(name));
const userAgent = `executor-matrix-${randomUUID().slice(0, 8)}`;
const { traffic, count } = countTraffic();
let ground: Ground;
let service: Service;
let account: TestServiceAccount | undefined;

/** As many files as that share the actions: each waits most of its time, so that several run side by side. */
const parts = 8;

/** Every eighth action, from that one on, with the role that is generated for all of them. */
export async function matrixPart(part: number): Promise<void> {
  await matrix(
    tried.filter((_action, index) => index % parts === part),
    { roleFor: tried, report: process.env['MATRIX_FILE'] },
  );
}

/**
 * Takes actions through all of their scenarios: as a dry run, carried out, sent again, taken back; and through their
 * refusals. On a real cluster with the role that is generated for `roleFor`, and nothing more. `report` is where the rows
 * go, a JSON line each.
 */
export async function matrix(
  own: readonly Action[],
  { roleFor = own, report }: { roleFor?: readonly Action[]; report?: string | undefined } = {},
): Promise<void> {
  const loaded = await Promise.all(
    own.map(async (action) => ({ action, name: action.name, scenarios: await scenariosOf(action.name) })),
  );

  beforeAll(async () => {
    ground = await openGround('matrix');
    // On a real API server the service may do what the generated role says, and nothing more.
    if (onRealCluster) {
      const role = clusterRole({ origin: 'For the matrix', needs: neededPermissions(roleFor, rules) });
      account = await createServiceAccount(ground.cluster, { namespace: ground.namespace, clusterRole: role });
    }
    const access =
      account && (await findClusterAccess({ kind: 'kubeconfig', paths: [account.kubeconfig] }, process.env));
    service = await startService({ userAgent, faults: count, ...(access ? { access } : {}) });
  }, 60_000);

  afterAll(async () => {
    await service?.close();
    await account?.close();
    await ground?.close();
  });

  describe.each(loaded)('$name', ({ action, scenarios }) => {
    rowOf(action, scenarios, report);
  });
}

/** All that one action has to show: its row of the table. */
function rowOf(action: Action, scenarios: Scenarios | undefined, report: string | undefined): void {
  const { name } = action;
  let audit: Audit;
  /** Where a scenario plays what is waited for, it may have come about by the first list: then nobody had to watch. */
  let isPlayed = false;
  const row = {
    action: name,
    effects: 0,
    dryRuns: 0,
    notVerified: 0,
    undone: 0,
    noOps: 0,
    refusals: 0,
    calls: 0,
    bytes: 0,
  };
  beforeAll(async () => {
    audit = await auditFromNow();
  });
  afterAll(async () => {
    if (report)
      await appendFile(
        report,
        `${JSON.stringify({ ...row, again: action.again, irreversible: action.irreversible ?? null })}\n`,
      );
  });

  test('has scenarios, and examples that its own schema takes', () => {
    expect(Object.keys(scenarios?.effects ?? {})).not.toEqual([]);
    expect(action.examples.length).toBeGreaterThan(0);
    for (const { parameters } of action.examples) expect(action.parameters.safeParse(parameters).success).toBe(true);
  });

  test.for(Object.entries(scenarios?.effects ?? {}))('takes effect: %s', { timeout: 90_000 }, async ([, prepare]) => {
    const effect = await prepare(ground);
    isPlayed ||= effect.meanwhile !== undefined;
    await dryRunChangesNothing(name, effect);
    row.dryRuns += 1;
    row.notVerified += effect.notVerified ? 1 : 0;

    const before = effect.target && (await ground.read(effect.target));
    const from = { ...traffic };
    const done = await takesEffect(name, effect);
    row.calls = Math.max(row.calls, traffic.calls - from.calls);
    row.bytes = Math.max(row.bytes, traffic.bytes - from.bytes);
    await effect.see(done.body);
    row.effects += 1;

    if (action.again === 'no_op') {
      await changesNothingAgain(name, effect);
      row.noOps += 1;
    }
    if (action.irreversible === undefined && !effect.undoReason) {
      const undone = await played(effect, () => service.post(done.body.links.rollback));
      expect(undone.body, told(undone)).toMatchObject({ status: 'completed', changed: true });
      if (effect.seeUndone) await effect.seeUndone(undone.body);
      else if (effect.target && before) expect(specOf(await ground.read(effect.target))).toEqual(specOf(before));
      row.undone += 1;
    } else {
      expect(done.body.undo).toMatchObject({ available: false, reason: expect.any(String) });
      if (effect.undoReason) expect(done.body.undo.reason).toMatch(effect.undoReason);
    }
  });

  test.for(Object.entries(scenarios?.refusals ?? {}))('refuses: %s', { timeout: 60_000 }, async ([, prepare]) => {
    const refused = await prepare(ground);
    const writes = await auditFromNow();

    const answer = await run(name, refused);

    if (refused.whileRunning) {
      expect(answer.body, told(answer)).toMatchObject({ status: 'failed', error: { code: refused.code } });
      expect(answer.body.error.message).toMatch(refused.detail);
    } else {
      expect(answer.body, told(answer)).toMatchObject({ code: refused.code });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(JSON.stringify([answer.body.detail, answer.body.errors])).toMatch(refused.detail);
      expect(await writes.writes({ userAgent })).toEqual([]);
    }
    row.refusals += 1;
  });

  test.skipIf(action.targets.length === 0)('a target that is not there is target_not_found', async () => {
    const [prepare] = Object.values(scenarios?.effects ?? {});
    const asked = await prepare?.(ground);
    if (!asked?.target) throw new Error('The first effect of an action with targets names one');

    const answer = await run(name, { ...asked, target: { ...asked.target, name: 'not-there' } });

    expect(answer.status, told(answer)).toBe(404);
    expect(answer.body).toMatchObject({ code: 'target_not_found' });
    expect(answer.body.detail).toContain('not-there');
  });

  test('asked the API server for just what it declares, and for nothing that it does not need', async () => {
    const requests = (await audit.requests({ userAgent })).filter(({ objectRef }) => objectRef);

    const used = new Set(requests.map(permissionUsed));
    const declared = new Set(spread(action.permissions));
    // What the way of a request and the rules read for it stands in the role as well.
    const allowed = new Set(
      neededPermissions([action], rules).map(({ verb, resource, apiGroup }) => `${verb} ${resource}.${apiGroup}`),
    );
    expect([...used].filter((permission) => !allowed.has(permission))).toEqual([]);
    const wasListed = (permission: string) => isPlayed && used.has(permission.replace(/^watch /, 'list '));
    const unused = [...declared].filter((permission) => !used.has(permission) && !wasListed(permission));
    expect(unused.filter((permission) => !Object.hasOwn(scenarios?.unusedPermissions ?? {}, permission))).toEqual([]);
    expect(requests.filter(isUnbounded).map(({ requestURI }) => requestURI)).toEqual([]);
  });
}

async function dryRunChangesNothing(name: string, effect: Effect): Promise<void> {
  const objects = [...(effect.target ? [effect.target] : []), ...(effect.touches ?? [])];
  const before = await Promise.all(objects.map(settledState));
  const audit = await auditFromNow();

  const answer = await run(name, effect, { dry_run: true });

  expect(answer.status, told(answer)).toBe(200);
  expect(answer.body, told(answer)).toMatchObject({
    status: 'completed',
    dry_run: true,
    changed: false,
    undo: { available: false },
  });
  if (effect.dryRunMessage) expect(answer.body.message).toMatch(effect.dryRunMessage);
  if (effect.notVerified) expect(answer.body.message).toMatch(/not verified/);
  expect(await audit.writes({ userAgent })).toEqual([]);
  const after = await Promise.all(objects.map(stateOf));
  const untouched = after.map(({ resourceVersion }, index) => resourceVersion === before[index]?.resourceVersion);
  expect(after.map(({ content }, index) => (untouched[index] ? 'as it was' : content))).toEqual(
    before.map(({ content }, index) => (untouched[index] ? 'as it was' : content)),
  );
  expect(await service.sql`select key from target_lock`).toEqual([]);
}

/** As it is once its controller has seen it: a Deployment's writes its revision into the annotations first. */
async function settledState(reference: ObjectReference): ReturnType<typeof stateOf> {
  await expect
    .poll(
      async () => {
        const { metadata, status } = await ground.cluster.get(reference);
        const { observedGeneration } = (status ?? {}) as { observedGeneration?: number };
        return !reference.apiVersion.startsWith('apps/') || observedGeneration === metadata.generation;
      },
      { timeout: 30_000, message: `${reference.kind} ${reference.name} is seen by its controller` },
    )
    .toBe(true);
  return await stateOf(reference);
}

/** Its version, and what it is beside what others keep writing to it by themselves: a status, a heartbeat. */
async function stateOf(reference: ObjectReference): Promise<{ resourceVersion: unknown; content: unknown }> {
  const { status: _, metadata, ...content } = await ground.cluster.get(reference);
  const { resourceVersion, managedFields: __, ...own } = metadata as typeof metadata & { managedFields?: unknown };
  return { resourceVersion, content: { ...content, metadata: own } };
}

async function takesEffect(name: string, effect: Effect): Promise<Answer> {
  const audit = await auditFromNow();

  const answer = await played(effect, () => run(name, effect));

  expect(answer.status, told(answer)).toBe(200);
  expect(answer.body, told(answer)).toMatchObject({ status: 'completed', success: true });
  const sent = answer.body.changes.filter(
    ({ kind, status }: { kind: string; status: string }) => kind !== 'wait' && status === 'applied',
  );
  const writes = await audit.writes({ userAgent });
  expect(answer.body.changed).toBe(sent.length > 0);
  // One write for each change. One that was refused wrote nothing, and is asked for again: a pod whose budget had no room, an
  // object whose status has moved on meanwhile. One change may be several commands.
  const commands = writes.filter((write) => write.startsWith('get pods/exec'));
  const inContainers = sent.filter(({ kind }: { kind: string }) => kind === 'exec');
  expect(commands.length, told(answer)).toBeGreaterThanOrEqual(inContainers.length);
  const written = writes.filter((write) => !/ (409|429)$/.test(write));
  expect(written.length - commands.length, told(answer)).toBe(sent.length - inContainers.length);
  expect(answer.body.expectations.filter(({ holds }: { holds: boolean }) => !holds)).toEqual([]);
  return answer;
}

async function changesNothingAgain(name: string, effect: Effect): Promise<void> {
  const audit = await auditFromNow();

  const again = await run(name, effect);

  expect(again.body, told(again)).toMatchObject({ status: 'completed', changed: false });
  expect(await audit.writes({ userAgent })).toEqual([]);
}

/** The request, and beside it what the test plays in the cluster. */
async function played(effect: Effect, request: () => Promise<Answer>): Promise<Answer> {
  const over = new AbortController();
  const playing = effect.meanwhile?.(over.signal).catch((error: unknown) => {
    if (!over.signal.aborted) throw error;
  });
  try {
    return await request();
  } finally {
    over.abort();
    await playing;
  }
}

async function run(action: string, { target, parameters }: Asked, more: Record<string, unknown> = {}): Promise<Answer> {
  if (!target) return await service.execute(action, parameters, more);
  const { apiVersion, kind, namespace: of, name } = target;
  return await service.execute(action, parameters, {
    target: { api_version: apiVersion, kind, ...(of ? { namespace: of } : {}), name },
    ...more,
  });
}

function told({ body }: Answer): string {
  return JSON.stringify(body);
}

function spread(permissions: readonly Permission[]): string[] {
  return permissions.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}.${group}`))),
  );
}

function permissionUsed({ verb, objectRef }: AuditEntry): string {
  const { resource = '', subresource, apiGroup = '' } = objectRef ?? {};
  return `${verb} ${subresource ? `${resource}/${subresource}` : resource}.${apiGroup}`;
}

/** A list over all namespaces, or of a whole cluster-scoped kind: it would grow with the cluster, not with the task. */
function isUnbounded({ verb, requestURI, objectRef }: AuditEntry): boolean {
  if (verb !== 'list' || objectRef?.namespace) return false;
  const query = new URL(requestURI, 'http://cluster').searchParams;
  const limit = Number(query.get('limit') ?? Number.POSITIVE_INFINITY);
  return !query.has('labelSelector') && !query.has('fieldSelector') && limit > 20;
}
