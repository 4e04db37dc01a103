import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateHistory } from '../../bench/generate-history.ts';
import { type Service, startService } from '../support/service.ts';
import { expectProblem } from './expect-problem.ts';

let service: Service;

const count = 1_200;
let noted = '';

beforeAll(async () => {
  service = await startService();
  await generateHistory(service.sql, { count, days: 10 });
  const { body } = await service.execute('notify_only', { message: 'text' }, { correlation_id: 'incident-csv' });
  noted = body.action_id;
});

afterAll(async () => {
  await service.close();
});

const ask = (query: string, accept?: string): Promise<Response> =>
  Promise.resolve(service.app.request(`/api/v1/executions${query}`, { headers: accept ? { accept } : {} }));

async function ndjson(query: string) {
  const text = await (await ask(query, 'application/x-ndjson')).text();
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line): { action_id: string } => JSON.parse(line));
}

/** By RFC 4180, with nothing of the service's own. */
function cellsOf(text: string): string[][] {
  const lines: string[][] = [[]];
  for (let at = 0; at < text.length;) {
    const [, quoted, bare, end = ''] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(text.slice(at)) ?? [];
    if (end === '') throw new Error(`No CSV: ${text.slice(at, at + 100)}`);
    lines.at(-1)?.push(quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"'));
    at += (quoted === undefined ? (bare ?? '').length : quoted.length + 2) + end.length;
    if (end === '\r\n') lines.push([]);
  }
  return lines.slice(0, -1);
}

async function csv(query: string): Promise<Record<string, string>[]> {
  const [head = [], ...lines] = cellsOf(await (await ask(query, 'text/csv')).text());
  for (const line of lines) expect(line).toHaveLength(head.length);
  return lines.map((line) => Object.fromEntries(head.map((name, index) => [name, line[index] ?? ''])));
}

describe('the export', () => {
  test('as NDJSON holds the whole history, newest first, each execution as its status tells it', async () => {
    const executions = await ndjson('');

    const kept = await service.sql`select id from execution order by created_at desc, id desc`;
    expect(executions.map(({ action_id }) => action_id)).toEqual(kept.map(({ id }) => id));
    for (const execution of [...executions.slice(0, 3), ...executions.slice(-3)])
      expect(execution).toEqual((await service.get(`/api/v1/status/${execution.action_id}`)).body);
  });

  test('as CSV holds the same executions, under the names of the columns', async () => {
    const rows = await csv('');

    expect(rows.map((row) => row['action_id'])).toEqual((await ndjson('')).map(({ action_id }) => action_id));
    const { body } = await service.get('/api/v1/status/generated-1200');
    expect(rows.find((row) => row['action_id'] === 'generated-1200')).toMatchObject({
      action: body.action,
      status: 'completed',
      success: 'true',
      dry_run: 'false',
      target_kind: body.target.kind,
      target_namespace: body.target.namespace,
      target_name: body.target.name,
      parameters: '{"replicas":3}',
      changes: 'applied: Scale Deployment production/web-server from 2 to 3 replicas',
      created_at: body.created_at,
      duration_ms: '250',
      error_code: '',
    });
  });

  test.each(['action=scale_deployment', 'action=expand-pvc', 'status=failed', 'namespace=team-7', 'action=nothing'])(
    'has the filter %s as a page has',
    async (filter) => {
      const all = await ndjson(`?${filter}`);

      const { body } = await service.get(`/api/v1/executions?${filter}&limit=500`);
      expect(all.slice(0, 500)).toHaveLength(body.items.length);
      expect(all.slice(0, 500).map(({ action_id }) => action_id)).toEqual(
        body.items.map(({ action_id }: { action_id: string }) => action_id),
      );
      if (body.next === null) expect(all).toHaveLength(body.items.length);
    },
  );

  test.each([1, 49, 50, 51, 249, 250, 251, 700, 5_000])('of at most %i ends there', async (limit) => {
    const all = await ndjson('');

    expect((await ndjson(`?limit=${limit}`)).map(({ action_id }) => action_id)).toEqual(
      all.slice(0, limit).map(({ action_id }) => action_id),
    );
  });

  test('goes on behind a page', async () => {
    const { body } = await service.get('/api/v1/executions?limit=400');

    const rest = await ndjson(`?cursor=${body.next}`);

    expect(rest).toHaveLength(count + 1 - 400);
    expect(rest.map(({ action_id }) => action_id)).not.toContain(body.items.at(-1).action_id);
  });

  test('without executions is empty, with the names of the columns as CSV', async () => {
    expect(await (await ask('?action=nothing&format=ndjson')).text()).toBe('');
    expect(await (await ask('?action=nothing&format=csv')).text()).toMatch(/^action_id,action,status,[\w,]+\r\n$/);
  });
});

describe('CSV', () => {
  const reasonGiven = async (reason: string) => {
    await service.sql`update execution set reason = ${reason} where id = ${noted}`;
    const rows = await csv('?correlation_id=incident-csv');
    expect(rows.map((row) => row['action_id'])).toEqual([noted]);
    return rows[0]?.['reason'];
  };

  test.each([
    '=HYPERLINK("https://example.com";"here"), and\na line of its own',
    ' \t@SUM(A1)',
    '+1',
    '-1',
    '@a',
    '\t=1',
    "'=1",
    '\uff1d1',
    '\u00a0=1',
  ])('shows %j with an apostrophe, so that nothing calculates it', async (reason) => {
    expect(await reasonGiven(reason)).toBe(`'${reason}`);
  });

  test.each(['a=1', '1-1', 'a,b', 'so "it" is', 'a\r\nb', ' a ', 'ä€😀', 'a;b\tc', ''])('keeps %j', async (reason) => {
    expect(await reasonGiven(reason)).toBe(reason);
  });
});

describe('what is given', () => {
  test.each([
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['text/html, */*;q=0.8', 'application/json'],
    ['text/csv', 'text/csv'],
    ['Text/CSV; charset=utf-8', 'text/csv'],
    ['text/*', 'text/csv'],
    ['application/x-ndjson', 'application/x-ndjson'],
    ['application/*', 'application/json'],
    ['application/json;q=0.5, text/csv', 'text/csv'],
    ['text/csv;q=0.5, application/x-ndjson;q=0.7, application/json;q=0.1', 'application/x-ndjson'],
    ['application/json;q=0, */*;q=0.1', 'application/x-ndjson'],
  ])('with Accept %j is %s', async (accept, type) => {
    const response = await ask('?limit=1', accept);

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')?.split(';')[0]).toBe(type);
    expect(response.headers.get('vary')).toBe('accept');
    await response.body?.cancel();
  });

  test.each(['application/xml', 'text/csv;q=0', 'image/*, application/xml', '*/*;q=0'])(
    'with Accept %j is a refusal that says what there is',
    async (accept) => {
      const answer = await service.get('/api/v1/executions', { accept });

      expectProblem(answer, { status: 406, code: 'not_acceptable' });
      expect(answer.body.hint).toMatch(/text\/csv.*format=/);
    },
  );

  test.each([
    ['csv', 'text/csv; charset=utf-8; header=present', /^attachment; filename="executions-\d{8}T\d{6}Z\.csv"$/],
    ['ndjson', 'application/x-ndjson', /^attachment; filename="executions-\d{8}T\d{6}Z\.ndjson"$/],
  ])('with format=%s is that, whatever Accept says, as a file with a name', async (format, type, disposition) => {
    for (const accept of [undefined, 'application/json', 'application/xml']) {
      const response = await ask(`?format=${format}&limit=1`, accept);

      expect(response.headers.get('content-type')).toBe(type);
      expect(response.headers.get('content-disposition')).toMatch(disposition);
      expect(response.headers.get('cache-control')).toBe('no-store');
      await response.body?.cancel();
    }
  });

  test('with a format that there is not is a refusal, as is a page that is too long', async () => {
    const expected = (pointer: string) => ({ status: 422, code: 'validation_failed', pointers: [pointer] }) as const;
    expectProblem(await service.get('/api/v1/executions?format=xml'), expected('/format'));
    expectProblem(await service.get('/api/v1/executions?limit=501'), expected('/limit'));
    expectProblem(
      await service.get('/api/v1/executions?limit=501&format=json', { accept: 'text/csv' }),
      expected('/limit'),
    );
    expectProblem(await service.get('/api/v1/executions?limit=0&format=csv'), expected('/limit'));
  });
});

describe('what goes wrong', () => {
  test('before the first execution is a problem, and no file', async () => {
    const answer = await withoutTable(() => service.get('/api/v1/executions?format=csv'));

    expectProblem(answer, { status: 500, code: 'internal_error' });
  });

  test('in the middle breaks the stream off, and the log says why', async () => {
    const reader = (await ask('?format=ndjson')).body?.getReader();
    expect((await reader?.read())?.done).toBe(false);

    await withoutTable(async () => {
      await expect(reader?.read()).rejects.toThrow(/execution/);
    });

    expect(
      service.logLines.filter((line) => /An export of the history broke off after 50 executions/.test(line)),
    ).toHaveLength(1);
  });

  test('ends it as well where the replica is stopping', async () => {
    const replica = await service.replica();
    const reader = (await replica.app.request('/api/v1/executions?format=csv')).body?.getReader();
    expect((await reader?.read())?.done).toBe(false);

    replica.stop();

    await expect(reader?.read()).rejects.toThrow(/stopping/);
  });

  const withoutTable = async <T>(work: () => Promise<T>): Promise<T> => {
    await service.sql`alter table execution rename to elsewhere`;
    try {
      return await work();
    } finally {
      await service.sql`alter table elsewhere rename to execution`;
    }
  };
});

test('a slow reader holds the reading up: what it has not come to is not read yet', async () => {
  const reader = (await ask('?format=ndjson')).body?.getReader();
  const first = await reader?.read();
  expect(new TextDecoder().decode(first?.value).split('\n')).toHaveLength(51);

  await service.sql`delete from execution where id like 'generated-%'`;

  let rest = '';
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read())
    rest += new TextDecoder().decode(read.value);
  expect(rest).toBe('');
});

test('the columns are those of docs/operations.md, in that order', async () => {
  const [head] = cellsOf(await (await ask('?format=csv&limit=1')).text());

  const section = readFileSync('docs/operations.md', 'utf8').split('\n## Export\n')[1]?.split('\n## ')[0] ?? '';
  const described = section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split(' | ')[0] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(head).toEqual(described);
});
