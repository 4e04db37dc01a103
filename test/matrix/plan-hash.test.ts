import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/start.ts';
import { actions } from '../../src/actions/registry.ts';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import { type Ground, openGround } from '../scenarios/ground.ts';
import { scenariosOf } from '../scenarios/load.ts';
import { staticCallers } from '../http/static-callers.ts';
import { onRealCluster } from '../support/cluster.ts';
import { type Service, startService } from '../support/service.ts';

const { env, tokens } = staticCallers({ asking: { role: 'admin' }, agreeing: { role: 'admin' } });
let sandbox: Sandbox;
let ground: Ground;
let service: Service;

beforeAll(async () => {
  // On a cluster of its own: others make and take away what there is once in a cluster.
  sandbox = await startSandbox({ seed: false, log: () => undefined });
  const access = { name: 'hash', server: sandbox.url, skipTlsVerify: false };
  ground = await openGround('hash', access);
  service = await startService({ access, env: { ...env, EXECUTOR_SAFETY_REQUIRE_CONFIRMATION: 'true' } });
}, 60_000);

afterAll(async () => {
  await service?.close();
  await ground?.close();
  await sandbox?.close();
});

const reading = ['get', 'list', 'watch'];
/** What only reads is not asked about. */
const acting = actions.filter(({ permissions }) =>
  permissions.some(({ verbs }) => verbs.some((verb) => !reading.includes(verb))),
);
const loaded = await Promise.all(
  acting.map(async ({ name }) => ({ name, effects: Object.entries((await scenariosOf(name))?.effects ?? {}) })),
);

// Those of one action in turn: some look for what another of them has made, in the whole cluster.
test.skipIf(onRealCluster).concurrent.each(loaded)(
  '$name is planned the same a second later, and so is what was agreed to',
  { timeout: 120_000 },
  async ({ name: action, effects }) => {
    for (const [title, prepare] of effects) {
      const { target, parameters } = await prepare(ground);
      const body = { action, parameters, ...(target ? { target: namesOf(target) } : {}) };
      if (target) await untilQuiet(target);
      const pending = await service.post('/api/v1/execute', body, { authorization: `Bearer ${tokens.asking}` });
      // It is so already.
      if (pending.status === 200) continue;
      const headers = { authorization: `Bearer ${tokens.agreeing}` };
      const { body: approval } = await service.get(pending.body.links.approval, headers);
      await sleep(1_050);

      // Nothing of it is begun: no loop runs here.
      const ifMatch = { ...headers, 'if-match': `"${approval.plan_hash}"` };
      const approved = await service.post(approval.links.approve, {}, ifMatch);

      expect(approved.status, `${title}: ${JSON.stringify(approved.body)}`).toBe(200);
    }
  },
);

/** Until the controllers have done with it what they do with something new, and that is older than the second of the plan. */
async function untilQuiet(target: ObjectReference): Promise<void> {
  for (let before = ''; ;) {
    const { metadata } = await ground.cluster.get(target);
    if (metadata.resourceVersion === before) return;
    before = metadata.resourceVersion ?? '';
    await sleep(1_050);
  }
}

function namesOf({ apiVersion, kind, namespace, name }: ObjectReference): Record<string, string> {
  return { api_version: apiVersion, kind, name, ...(namespace ? { namespace } : {}) };
}
