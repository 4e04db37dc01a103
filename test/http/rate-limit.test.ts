import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Replica, type Service, startService } from '../support/service.ts';
import { expectProblem } from './expect-problem.ts';
import { staticCallers } from './static-callers.ts';

const { env, tokens } = staticCallers({ ada: { role: 'admin' }, bob: { role: 'admin' }, eve: {} });
let service: Service;
let replicas: Replica[];

beforeAll(async () => {
  const limits = { EXECUTOR_RATE_LIMIT_REQUESTS: '5', EXECUTOR_RATE_LIMIT_PER: '1h' };
  service = await startService({ env: { ...env, ...limits } });
  replicas = [service, await service.replica()];
});

afterAll(async () => {
  await service.close();
});

const effects: readonly [string, object][] = [
  ['/api/v1/execute', { action: 'notify_only', parameters: { message: 'hello' } }],
  ['/api/v1/executions/none/cancel', {}],
  ['/api/v1/executions/none/rollback', {}],
  ['/api/v1/executions/none/resume', {}],
  ['/api/v1/executions/none/acknowledge', {}],
];

const as = (name: keyof typeof tokens) => ({ authorization: `Bearer ${tokens[name]}` });

test('every request for an effect counts, on whichever replica, for its caller alone; what has none goes on', async () => {
  for (const [index, [path, body]] of effects.entries()) {
    const answer = await replicas[index % 2]?.post(path, body, as('ada'));
    expect([200, 404]).toContain(answer?.status);
  }

  for (const replica of replicas) {
    for (const [path, body] of effects) {
      const refused = await replica.post(path, body, as('ada'));
      expectProblem(refused, { status: 429, code: 'rate_limited' });
      expect(refused.body.detail).toBe('static:ada has made 5 requests within 1h');
    }
    const dry = { action: 'notify_only', parameters: { message: 'hello' }, dry_run: true };
    expect((await replica.post('/api/v1/execute', dry, as('ada'))).status).toBe(200);
    expect((await replica.get('/api/v1/executions', as('ada'))).status).toBe(200);
  }
  expect((await service.post('/api/v1/executions/none/cancel', {}, as('bob'))).status).toBe(404);
});

test('a stop is never one too many', async () => {
  const put = (stopped: boolean) =>
    service.app.request('/api/v1/controls', {
      method: 'PUT',
      headers: { 'content-type': 'application/json', ...as('ada') },
      body: JSON.stringify({ scope: '*', stopped }),
    });

  for (const stopped of [true, true, true, true, true, true, false]) expect((await put(stopped)).status).toBe(200);
});

test('nobody uses up what somebody else may: a token that is none counts for nobody', async () => {
  for (let time = 0; time < 7; time += 1)
    expect((await service.post('/api/v1/executions/none/cancel', {}, { authorization: 'Bearer wrong' })).status).toBe(
      401,
    );

  const counted = await service.sql`select caller from request_rate order by caller`;
  expect(counted.map(({ caller }) => caller)).toEqual(['static:ada', 'static:bob']);
});
