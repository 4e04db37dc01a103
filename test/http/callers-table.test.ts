import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDeployment, eventually } from '../support/cluster.ts';
import { type Answer, type Service, startService } from '../support/service.ts';
import { recordSpans } from '../support/spans.ts';
import { askedOfCluster } from '../support/written.ts';
import { type CallerMode, type Column, columns, type Known, modes } from './caller-modes.ts';
import { type CallerWorld, openCallerWorld } from './caller-world.ts';
import { type Row, rows, type TableGround, type TableRequest } from './callers-table.ts';
import { document, undescribed } from './described-answer.ts';
import { expectProblem } from './expect-problem.ts';

let spans: ReturnType<typeof recordSpans>;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
);

beforeAll(() => void (spans = recordSpans()));
afterAll(() => spans.stop());

test('every operation of the document is in a row of the table', () => {
  expect(operations.filter((operation) => !rows.some((row) => row.operation === operation))).toEqual([]);
  expect(rows.filter(({ operation }) => !operations.includes(operation))).toEqual([]);
});

describe.each(Object.keys(modes))('by %s', (title) => {
  const asked = askedOfCluster();
  const requestIds: string[] = [];
  const answered: string[] = [];
  let world: CallerWorld;
  let mode: CallerMode;
  let service: Service;
  let ground: Omit<TableGround, 'token'>;

  beforeAll(async () => {
    world = await openCallerWorld();
    const { own, foreign, node, cluster, access } = world;
    const start = modes[title];
    if (!start) throw new Error(`There is no mode ${title}`);
    mode = await start(world);
    // By a name of its own: another test counts the reviews that the service asks for.
    const env = { ...mode.env, EXECUTOR_SAFETY_APPROVAL_FROM_RISK: 'high' };
    service = await startService({ env, access, faults: asked.note, userAgent: 'callers-table' });
    await createDeployment(cluster, { namespace: own, name: 'web', replicas: 1 });
    await createDeployment(cluster, { namespace: foreign, name: 'web', replicas: 1 });
    const stuck = { namespace: own, name: 'stuck', replicas: 0, podAnnotations: { 'test/never-ready': 'true' } };
    await createDeployment(cluster, stuck, { ready: false });
    // The API server hears of a new binding a moment after it was stored.
    await eventually(async () => expect((await act(own, 'web', { dry_run: true })).status).toBe(200));
    await eventually(async () =>
      expect((await send('viewer', 'GET', { path: `/api/v1/executions?namespace=${own}` })).body.items).not.toEqual([]),
    );
    const id = async (run: Promise<Answer>): Promise<string> => (await run).body.action_id;
    const toAgreeTo = async (namespace: string): Promise<string> => {
      const { body } = await act(namespace, 'web', {
        parameters: { namespace, resource_name: 'web', replicas: 9 },
      });
      return String(body.links.approval).replace(/.*\//, '');
    };
    // /health begins to look for that, and would go on beside what is counted here.
    await service.runtime.missingRights.find();
    ground = {
      own,
      foreign,
      node,
      done: await id(act(own, 'web')),
      failed: await id(act(own, 'stuck', { timeout: '1s' })),
      foreignDone: await id(act(foreign, 'web')),
      asked: await toAgreeTo(own),
      foreignAsked: await toAgreeTo(foreign),
      ofNode: await id(
        send('admin', 'POST', {
          path: '/api/v1/execute',
          body: { action: 'cordon_node', parameters: { node_name: node }, dry_run: true },
        }),
      ),
    };
  }, 90_000);

  afterAll(async () => {
    await service?.close();
    await mode?.close();
    await world?.close();
  });

  function act(namespace: string, name: string, more: object = {}): Promise<Answer> {
    const body = { action: 'scale_deployment', parameters: { namespace, resource_name: name, replicas: 2 }, ...more };
    return send('admin', 'POST', { path: '/api/v1/execute', body });
  }

  async function send(
    caller: Column,
    method: string,
    { path, body, headers: more = {} }: TableRequest,
  ): Promise<Answer> {
    const requestId = randomUUID();
    requestIds.push(requestId);
    const headers = {
      'x-request-id': requestId,
      ...more,
      ...(caller === 'none' ? {} : { authorization: `Bearer ${mode.tokens[caller]}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    // A login has its token in the body, and nothing else says who it is.
    const { authorization: _token, ...withoutToken } = headers;
    const isLogin = path === '/session' && method === 'POST';
    const response = await service.app.request(path, {
      method,
      headers: isLogin ? withoutToken : headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    answered.push(text);
    return { status: response.status, headers: response.headers, body: parsed(text) };
  }

  /** The answer, and what it took of the API server to give it. */
  async function ask(caller: Column, { operation }: Row, request: Row['request']): Promise<Answer & { calls: number }> {
    const token = caller === 'none' ? 'none' : mode.tokens[caller];
    asked.calls.length = 0;
    const answer = await send(caller, operation.split(' ')[0] ?? '', request({ ...ground, token }));
    return { ...answer, calls: asked.calls.length };
  }

  test.each(rows.map((row) => [row.operation, row.about, row] as const))(
    '%s answers everybody as the table says: %s',
    async (operation, _about, row) => {
      const got: Partial<Record<Column, number>> = {};
      for (const column of columns) {
        const answer = await ask(column, row, row.request);
        got[column] = answer.status;
        expect(undescribed(operation, answer)).toEqual([]);
        if (answer.status === 401) expect(answer.headers.get('www-authenticate')).toBe('Bearer');
        if (answer.status === 401) expectProblem(answer, { status: 401, code: 'unauthenticated' });
        if (answer.status === 403) expectProblem(answer, { status: 403, code: 'permission_denied' });
        if (answer.status < 300)
          expect(namespacesNotOf(column).filter((namespace) => textOf(answer).includes(namespace))).toEqual([]);
      }

      expect(got).toEqual(row.answers);
    },
  );

  test.each(rows.filter(({ missing }) => missing).map((row) => [row.operation, row.about, row] as const))(
    '%s tells whom it refuses not whether there is something, by no word and no call: %s',
    async (_operation, _about, row) => {
      for (const column of columns.filter((each) => [401, 403, 404].includes(row.answers[each]))) {
        // Who sees it, and may not touch it, knows already.
        if (row.answers[column] === 403 && row.operation.includes('{id}')) continue;
        asked.writes.length = 0;
        const there = await ask(column, row, row.request);
        const missing = await ask(column, row, row.missing ?? row.request);

        expect(withoutNames(there)).toEqual(withoutNames(missing));
        expect(asked.writes).toEqual([]);
      }
    },
  );

  test.each(operations)('%s is 401 for a token that is none, unless it is open', async (operation) => {
    const [method = '', path = ''] = operation.split(' ');
    const open = JSON.stringify(document.paths[path]?.[method.toLowerCase()] ?? {}).includes('"security":[]');
    const response = await service.app.request(path.replaceAll(/[{}]/g, ''), {
      method,
      headers: { authorization: 'Bearer wrong' },
    });

    expect(response.status === 401 || path === '/session').toBe(!open || path === '/session');
    if (response.status === 401) expect(response.headers.get('www-authenticate')).toBe('Bearer');
  });

  test('lists and exports show what is of the namespaces that somebody sees', async () => {
    const listed = async (caller: Known, query = '') =>
      textOf(await send(caller, 'GET', { path: `/api/v1/executions${query}` }));
    for (const query of ['', '?format=csv', '?format=ndjson', `?namespace=${ground.own}`]) {
      for (const caller of ['viewer', 'operator', 'approver', 'admin'] as const)
        expect(await listed(caller, query)).toContain(ground.done);
      expect(await listed('foreign', query)).not.toContain(ground.done);
    }
    expect(await listed('foreign')).toContain(ground.foreignDone);
    expect(await listed('admin')).toContain(ground.ofNode);
  });

  test('a stop, and an acknowledgement, has the name of who has said so; a stop is shown to who sees the namespace', async () => {
    const put = (caller: Known, scope: string, stopped: boolean) =>
      send(caller, 'PUT', { path: '/api/v1/controls', body: { scope, stopped } });
    const seen = async (caller: Known): Promise<string[]> => {
      const { body } = await send(caller, 'GET', { path: '/api/v1/controls' });
      return body.items.map(({ scope }: { scope: string }) => scope);
    };
    const stop = await put('operator', ground.own, true);
    await put('admin', world.silent, true);
    await send('operator', 'POST', { path: `/api/v1/executions/${ground.failed}/acknowledge`, body: {} });
    const [noted] = await service.sql`select acknowledged_by from execution where id = ${ground.failed}`;
    const [told] =
      await service.sql`select by, data from audit_entry where type = 'control.changed' and namespace = ${ground.own} order by id desc`;

    expect(stop.body.by).toBe(mode.nameOf('operator'));
    expect(told).toMatchObject({ by: mode.nameOf('operator'), data: { stopped: true } });
    expect([mode.nameOf('operator'), mode.nameOf('admin')]).toContain(noted?.['acknowledged_by']);
    expect(await seen('viewer')).toEqual(expect.arrayContaining([ground.own, world.silent]));
    expect(await seen('operator')).toContain(ground.own);
    expect(await seen('operator')).not.toContain(world.silent);
    expect(await seen('foreign')).not.toContain(ground.own);
    await put('operator', ground.own, false);
    await put('admin', world.silent, false);
  });

  test('no token and no request id is in any answer, row, log line or span', async () => {
    const tables = await service.sql<
      { name: string }[]
    >`select tablename as name from pg_tables where schemaname = 'public'`;
    const kept = await Promise.all(
      tables.map(({ name }) => service.sql.unsafe(`select t::text as text from "${name}" t`)),
    );
    const attributes = spans
      .finished()
      .map(({ name, attributes, events, status }) => ({ name, attributes, events, status }));
    const everything = [
      JSON.stringify(kept),
      service.logLines.join(''),
      JSON.stringify(attributes),
      answered.join(''),
    ].join('');

    expect(attributes.length).toBeGreaterThan(rows.length);
    expect(kept.flat().length).toBeGreaterThan(rows.length);
    for (const token of Object.values(mode.tokens)) expect(everything).not.toContain(token.slice(-32));
    expect(requestIds.filter((id) => everything.includes(id))).toEqual([]);
  });

  function namespacesNotOf(column: Column): string[] {
    if (column === 'admin') return [];
    return column === 'foreign' ? [ground.own] : [ground.foreign];
  }

  /** What two answers must have in common, the ids and names aside that were asked for. */
  function withoutNames({ status, headers, body, calls }: Answer & { calls: number }) {
    const { own: _own, foreign: _foreign, ...names } = ground;
    const text = Object.values({ ...names, web: '/web', none: 'none' }).reduce(
      (sofar, name) => sofar.replaceAll(name, '#'),
      JSON.stringify({ ...body, trace_id: '' }),
    );
    return { status, headers: [...headers.keys()], text: text.replaceAll(/"instance":"[^"]*"/g, ''), calls };
  }
});

function textOf({ body }: Answer): string {
  return typeof body === 'string' ? body : JSON.stringify(body ?? '');
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}
