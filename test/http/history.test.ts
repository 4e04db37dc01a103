import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Service, startService } from '../support/service.ts';
import { expectProblem } from './expect-problem.ts';

let service: Service;
const ids: string[] = [];

/** Seven notes, newest last; three belong to an incident, one is a dry run. None needs the cluster. */
beforeAll(async () => {
  service = await startService();
  for (let index = 0; index < 7; index += 1) {
    const answer = await service.execute(
      'notify_only',
      { message: `note ${index}` },
      { ...(index % 3 === 0 ? { correlation_id: 'incident-7' } : {}), dry_run: index === 6 },
    );
    expect(answer.status).toBe(200);
    ids.unshift(answer.body.action_id);
  }
});

afterAll(async () => {
  await service.close();
});

const list = (query: string): Promise<Answer> => service.get(`/api/v1/executions${query}`);
const idsOf = ({ body }: Answer): string[] => body.items.map(({ action_id }: { action_id: string }) => action_id);

describe('pages', () => {
  test.each([1, 2, 3, 6, 7, 500])('of %i hold every execution once, newest first', async (limit) => {
    const seen: string[] = [];
    let page = await list(`?limit=${limit}`);
    for (let turn = 0; turn < 10; turn += 1) {
      seen.push(...idsOf(page));
      expect(idsOf(page).length).toBeLessThanOrEqual(limit);
      if (page.body.next === null) break;
      page = await list(`?limit=${limit}&cursor=${page.body.next}`);
    }

    expect(seen).toEqual(ids);
    expect(page.headers.get('link')).toBeNull();
  });

  test('lead on by their Link, which keeps the filters', async () => {
    const first = await list('?limit=1&action=notify-only&correlation_id=incident-7');

    const link = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await service.get(link);

    expect(first.body.next).toMatch(/^[\w-]+$/);
    expect([...idsOf(first), ...idsOf(second)]).toEqual([ids[0], ids[3]]);
  });

  test('go on where they stood, although newer ones have come', async () => {
    const first = await list('?limit=2&correlation_id=incident-7');
    const newer = await service.execute('notify_only', { message: 'newer' }, { correlation_id: 'incident-7' });

    const second = await list(`?limit=2&correlation_id=incident-7&cursor=${first.body.next}`);

    ids.unshift(newer.body.action_id);
    expect(idsOf(second)).toEqual([ids[7]]);
  });

  test('begin nowhere with a cursor that was not given', async () => {
    const { body } = await list('?limit=1');

    for (const cursor of [`${body.next}x`, body.next.slice(1), 'garbage', body.next.split('').toReversed().join('')]) {
      expectProblem(await list(`?cursor=${cursor}`), { status: 422, code: 'validation_failed', pointers: ['/cursor'] });
    }
  });
});

describe('filters', () => {
  test.each([
    ['action=notify_only', 8],
    ['action=notify-only', 8],
    ['action=notifyOnly', 8],
    ['action=scale_deployment', 0],
    ['action=none', 0],
    ['correlation_id=incident-7', 4],
    ['status=completed', 8],
    ['status=failed', 0],
    ['namespace=production', 0],
    ['kind=deployment', 0],
    ['name=web-server', 0],
    ['since=2000-01-01T00:00:00Z', 8],
    ['until=2000-01-01T00:00:00Z', 0],
    ['since=9999-12-31T00:00:00Z', 0],
    ['until=9999-12-31T23:59:59%2B00:00', 8],
    ['since=0001-01-01T00:00:00Z&until=9999-12-31T00:00:00Z', 8],
    ['correlation_id=incident-7&status=completed&action=notify_only', 4],
    ['correlation_id=%F0%9F%9A%80', 0],
    ["name=' or 1=1--", 0],
  ])('%s gives %i', async (query, count) => {
    const answer = await list(`?${query}`);

    expect(answer.status).toBe(200);
    expect(answer.body.items).toHaveLength(count);
  });

  test('since holds what was created in that very moment, until does not', async () => {
    const { body } = await service.get(`/api/v1/status/${ids[2]}`);
    const at = encodeURIComponent(body.created_at);

    const since = idsOf(await list(`?since=${at}`));
    const until = idsOf(await list(`?until=${at}`));

    expect(since).toContain(ids[2]);
    expect(until).not.toContain(ids[2]);
    expect([...since, ...until]).toEqual(ids);
  });
});

test('an entry of the history is the whole execution, as its status has it', async () => {
  const { body } = await list('?limit=1');

  const status = await service.get(`/api/v1/status/${body.items[0].action_id}`);

  expect(status.status).toBe(200);
  expect(status.body).toEqual(body.items[0]);
  expect(status.body.links.self).toBe(`/api/v1/status/${body.items[0].action_id}`);
});

test('an execution that is not there is 404, and the hint leads to those that are', async () => {
  for (const answer of [
    await service.get('/api/v1/status/none'),
    await service.post('/api/v1/executions/none/rollback', {}),
  ]) {
    expectProblem(answer, { status: 404, code: 'execution_not_found' });
    expect(answer.body.detail).toContain('none');
  }
});
