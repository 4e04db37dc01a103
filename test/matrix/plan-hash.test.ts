import { afterAll, beforeAll, expect, test } from 'vitest';
import { actions } from '../../src/actions/registry.ts';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import { type Ground, openGround } from '../scenarios/ground.ts';
import { scenariosOf } from '../scenarios/load.ts';
import { staticCallers } from '../http/static-callers.ts';
import { type Service, startService } from '../support/service.ts';

const { env, tokens } = staticCallers({ asking: { role: 'admin' }, agreeing: { role: 'admin' } });
let ground: Ground;
let service: Service;

beforeAll(async () => {
  ground = await openGround('hash');
  service = await startService({ env: { ...env, EXECUTOR_SAFETY_REQUIRE_CONFIRMATION: 'true' } });
}, 60_000);

afterAll(async () => {
  await service?.close();
  await ground?.close();
});

const loaded = await Promise.all(
  actions.map(async ({ name }) => ({ name, effects: Object.entries((await scenariosOf(name))?.effects ?? {}) })),
);
const effects = loaded.flatMap(({ name, effects: all }) =>
  all.map(([title, prepare]) => [name, title, prepare] as const),
);

test.each(effects)(
  '%s is planned the same a second later, and so is what was agreed to: %s',
  async (action, _, prepare) => {
    const { target, parameters } = await prepare(ground);
    const body = { action, parameters: { ...parameters, ...namesOf(target) } };
    const pending = await service.post('/api/v1/execute', body, { authorization: `Bearer ${tokens.asking}` });
    // What only reads is not asked about.
    if (pending.status === 200) return;
    const headers = { authorization: `Bearer ${tokens.agreeing}` };
    const { body: approval } = await service.get(pending.body.links.approval, headers);
    await new Promise((resolve) => setTimeout(resolve, 1_050));

    // Nothing of it is begun: no loop runs here.
    const approved = await service.post(
      approval.links.approve,
      {},
      { ...headers, 'if-match': `"${approval.plan_hash}"` },
    );

    expect(approved.status, JSON.stringify(approved.body)).toBe(200);
  },
);

function namesOf(target: ObjectReference | undefined): Record<string, string> {
  if (!target) return {};
  const { kind, namespace, name } = target;
  return { resource_type: kind, resource_name: name, ...(namespace ? { namespace } : {}) };
}
