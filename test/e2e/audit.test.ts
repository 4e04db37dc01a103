import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { undescribed } from '../http/described-answer.ts';
import { auditFromNow } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, eventually } from '../support/cluster.ts';
import { compileCache } from '../support/compile-cache.ts';
import { runningLoop } from '../support/loop.ts';
import { type Answer, type Replica, type Service, startService } from '../support/service.ts';

let cluster: ConnectedCluster;
let namespace: string;
let folder: string;
let service: Service;

beforeAll(async () => {
  cluster = await connectTestClient();
  namespace = await createNamespace(cluster, 'audit');
  folder = await mkdtemp(join(tmpdir(), 'audit-'));
});

beforeEach(async () => {
  service = await startService();
});

afterEach(async () => {
  await service.close();
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

const note = (message: string, replica: Replica = service) => replica.execute('notify_only', { message });

async function exported(query = ''): Promise<{ text: string; entries: Answer['body'][] }> {
  const { body, status } = await service.get(`/api/v1/audit${query}`);
  expect(status, JSON.stringify(body)).toBe(200);
  // One line alone is read as JSON.
  const text = typeof body === 'string' ? body : body === undefined ? '' : `${JSON.stringify(body)}\n`;
  return {
    text,
    entries:
      text.trim() === ''
        ? []
        : text
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line)),
  };
}

/** The command, of a file, or without one of the service's database. */
async function verify(...args: string[]): Promise<{ code: number; output: string }> {
  const env = { ...process.env, ...compileCache, DATABASE_URL: service.databaseUrl };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['src/platform/audit-verify.ts', ...args], { env });
    return { code: 0, output: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

async function fileOf(text: string): Promise<string> {
  const path = join(folder, 'audit.ndjson');
  await writeFile(path, text);
  return path;
}

/** As the tables' owner, who can switch the triggers off. */
async function meddle(statement: string): Promise<void> {
  await service.sql.unsafe(`
    alter table audit_entry disable trigger append_only; alter table audit_link disable trigger append_only;
    ${statement};
    alter table audit_entry enable always trigger append_only; alter table audit_link enable always trigger append_only;`);
}

test('a run is told with its verdicts and changes, at its beginning and its end, and no value of a field', async () => {
  await createDeployment(cluster, { namespace, name: 'told', replicas: 1 });
  const run = await service.execute(
    'scale_deployment',
    { namespace, resource_name: 'told', replicas: 2, reason: 'load' },
    { action_id: 'told-1', correlation_id: 'c-1' },
  );

  const { entries } = await exported();

  expect(run.body.status).toBe('completed');
  const about = { cluster: run.body.cluster, namespace, execution_id: 'told-1', by: null };
  const change = { kind: 'patch', target: `${namespace}/Deployment/told`, summary: run.body.changes[0].summary };
  const { verdicts } = run.body;
  expect(entries).toMatchObject([
    {
      seq: 1,
      type: 'execution.started',
      ...about,
      previous_hash: '0'.repeat(64),
      data: {
        action: 'scale_deployment',
        kind: 'Deployment',
        name: 'told',
        reason: 'load',
        correlation_id: 'c-1',
        verdicts,
        changes: [{ ...change, status: 'pending' }],
      },
    },
    {
      seq: 2,
      type: 'execution.change_applied',
      ...about,
      previous_hash: entries[0]?.hash,
      data: { message: change.summary },
    },
    {
      seq: 3,
      type: 'execution.completed',
      ...about,
      previous_hash: entries[1]?.hash,
      data: { status: 'completed', changed: true, changes: [{ ...change, status: 'applied' }] },
    },
  ]);
  const fields = entries.flatMap(({ data }) => (data.changes ?? []).flatMap((one: object) => Object.keys(one)));
  expect(new Set(fields)).toEqual(new Set(['kind', 'status', 'summary', 'target', 'uid']));
});

test('a denial is told, of which no execution is kept, and a control with who and why', async () => {
  await createDeployment(cluster, {
    namespace,
    name: 'kept',
    replicas: 1,
    labels: { 'executor.kubernaut.io/protected': 'true' },
  });
  const ask = () =>
    service.execute('restart_deployment', { namespace, resource_name: 'kept' }, { correlation_id: 'c-2' });

  const denied = await ask();
  await service.put('/api/v1/controls', { scope: namespace, stopped: true, reason: 'look first' });
  await createDeployment(cluster, { namespace, name: 'halted', replicas: 1 });
  const stopped = await service.execute('restart_deployment', { namespace, resource_name: 'halted' });

  expect([denied.body.code, stopped.body.code]).toEqual(['protected_target', 'emergency_stop']);
  const { entries } = await exported();
  expect(entries).toMatchObject([
    {
      type: 'request.denied',
      namespace,
      data: {
        error: 'protected_target',
        action: 'restart_deployment',
        name: 'kept',
        correlation_id: 'c-2',
        verdicts: expect.arrayContaining([expect.objectContaining({ rule: 'protected_target', verdict: 'deny' })]),
      },
    },
    { type: 'control.changed', namespace, data: { scope: namespace, stopped: true, reason: 'look first' } },
    { type: 'request.denied', namespace, data: { error: 'emergency_stop', name: 'halted' } },
  ]);
});

test('without its entry nothing is committed, and nothing begins', async () => {
  await createDeployment(cluster, { namespace, name: 'blocked', replicas: 1 });
  const audit = await auditFromNow();
  await service.sql.unsafe(`alter table audit_entry rename to audit_elsewhere`);

  const run = await service.execute('scale_deployment', { namespace, resource_name: 'blocked', replicas: 2 });
  const stop = await service.put('/api/v1/controls', { scope: '*', stopped: true });

  expect([run.status, stop.status]).toEqual([500, 500]);
  expect(await audit.writes({ namespace, name: 'blocked' })).toEqual([]);
  expect(await service.sql`select id from execution`).toEqual([]);
  expect(await service.sql`select scope from control`).toEqual([]);
  expect(service.logLines.join('')).toContain('audit_entry');
});

test('three replicas that write and chain at once make one chain without gaps', async () => {
  const replicas = [service, await service.replica(), await service.replica()];
  await using _one = runningLoop(replicas[1] ?? service);
  await using _two = runningLoop(replicas[2] ?? service);

  await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      await note(`message ${index}`, replicas[index % 3]);
      if (index % 10 === 0) await service.get('/api/v1/audit');
    }),
  );

  const { text, entries } = await exported();
  expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
  expect(new Set(entries.map(({ execution_id: id }) => id)).size).toBe(60);
  const head = entries.at(-1)?.hash;
  expect(await verify(await fileOf(text))).toEqual({
    code: 0,
    output: `60 entries, 1 to 60, head ${head}\nUnbroken\n`,
  });
  expect(await verify('--head', head)).toEqual({ code: 0, output: `60 entries, 1 to 60, head ${head}\nUnbroken\n` });
});

test('a replica chains by itself within a second or two, and logs the head', async () => {
  await note('hello');
  await using _loop = runningLoop(service);

  await eventually(async () => expect(await service.sql`select hash from audit_link`).toHaveLength(1), 5_000);

  const [link] = await service.sql`select hash from audit_link`;
  await eventually(
    async () => expect(service.logLines.join('')).toContain(`Audit: 1 entries, head ${link?.hash}`),
    5_000,
  );
});

test('spans of time follow each other in the chain, and each is verified by itself', async () => {
  for (const message of ['one', 'two', 'three']) {
    await note(message);
    await service.get('/api/v1/audit');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { entries } = await exported();
  const border = entries[1]?.chained_at;

  const before = await exported(`?until=${border}`);
  const after = await exported(`?since=${border}`);
  const described = await service.get(`/api/v1/audit?since=yesterday`);

  expect([...before.entries, ...after.entries]).toEqual(entries);
  expect(before.entries).toHaveLength(1);
  const { code, output } = await verify(await fileOf(after.text));
  expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('2 entries, 2 to 3') });
  expect(output).toContain(`A piece: what comes before it was given as ${entries[0]?.hash}`);
  expect(described.status).toBe(422);
  expect(undescribed('GET /api/v1/audit', described)).toEqual([]);
  expect((await exported('?since=2999-01-01T00:00:00Z')).entries).toEqual([]);
});

describe('what was written', () => {
  beforeEach(async () => {
    for (const message of ['one', 'two', 'three', 'four']) await note(message);
    await service.get('/api/v1/audit');
  });

  test.each(['audit_entry', 'audit_link'])('can not be changed in %s, by anybody', async (table) => {
    const column = table === 'audit_entry' ? 'type' : 'hash';
    for (const statement of [`update ${table} set ${column} = 'x'`, `delete from ${table}`, `truncate ${table}`])
      await expect(service.sql.unsafe(statement)).rejects.toThrow(/append-only/);
    const asReplica = service.sql.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql.unsafe(`delete from ${table}`);
    });
    await expect(asReplica).rejects.toThrow(/append-only/);
  });

  test.each([
    ['changed', `update audit_entry set data = data || '{"action": "x"}' where id = 2`, 'entry 2 has been changed'],
    ['dated back', `update audit_entry set at = at - interval '1 hour' where id = 3`, 'entry 3 has been changed'],
    [
      'taken away with its place',
      `delete from audit_link where seq = 2; delete from audit_entry where id = 2`,
      'entry 2 is missing',
    ],
    ['taken away', `delete from audit_entry where id = 3`, 'entry 3 has been taken away'],
    [
      'taken away, the first',
      `delete from audit_link where seq = 1; delete from audit_entry where id = 1`,
      'entry 1 is missing',
    ],
    [
      'left out of the chain',
      `delete from audit_link where seq = 4`,
      'the row 4 of audit_entry has no place in the chain',
    ],
    [
      'put elsewhere',
      `update audit_link set entry_id = case entry_id when 2 then -3 else -2 end where entry_id in (2, 3); update audit_link set entry_id = -entry_id where entry_id < 0`,
      'entry 2 has been changed',
    ],
    [
      'replaced, with a hash that fits',
      `update audit_entry set data = '{}' where id = 2; update audit_link l set hash = audit_hash(audit_line(e, l.seq, l.chained_at, l.previous_hash)) from audit_entry e where e.id = l.entry_id and l.seq = 2`,
      'entry 3 does not follow entry 2',
    ],
  ])('and is %s all the same: the command says which', async (_case, statement, finding) => {
    await meddle(statement);

    const { code, output } = await verify();

    expect(output).toContain(finding);
    expect(code).toBe(1);
  });

  test('shows by a head kept elsewhere that its end was cut off', async () => {
    const head = (await exported()).entries.at(-1)?.hash;
    await meddle(`delete from audit_link where seq = 4; delete from audit_entry where id = 4`);

    expect(await verify()).toMatchObject({ code: 0 });
    expect(await verify('--head', head)).toMatchObject({
      code: 1,
      output: expect.stringContaining(`the hash ${head} stands nowhere in it`),
    });
  });
});
