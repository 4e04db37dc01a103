import * as z from 'zod';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Action, defineAction } from '../../src/actions/define.ts';
import { scaleWorkload } from '../../src/actions/planning/scale-workload.ts';
import { actions } from '../../src/actions/registry.ts';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { auditFromNow } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes } from '../support/cluster.ts';
import { type Service, startService } from '../support/service.ts';

let planned = Promise.withResolvers<void>();
let goOn = Promise.withResolvers<void>();

/** A scaling whose plan is made, and then held back until the test lets it go on. */
const scaleLater = defineAction({
  name: 'scale_later',
  summary: 'Set the number of replicas of a Deployment, after a while.',
  targets: ['Deployment'],
  risk: 'medium',
  again: 'no_op',
  parameters: z.strictObject({ replicas: z.int() }),
  refuses: [],
  permissions: [],
  examples: [],
  async plan({ cluster, target, parameters }) {
    const scaling = await scaleWorkload({ cluster, target }, parameters);
    planned.resolve();
    await goOn.promise;
    return scaling;
  },
});

let cluster: ConnectedCluster;
let namespace: string;
let service: Service;

beforeAll(async () => {
  (actions as Action[]).push(scaleLater);
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  namespace = await createNamespace(cluster, 'outdated');
  service = await startService();
});

afterAll(async () => {
  (actions as Action[]).splice(actions.indexOf(scaleLater), 1);
  await service.close();
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

test.each([
  { replicas: 2, comes: 'the same change', ends: { changed: false }, writes: 1 },
  { replicas: 3, comes: 'another change', ends: { changed: true }, writes: 2 },
])(
  'between plan and claim $comes of another execution: it is planned anew before it holds or sends anything',
  async ({ replicas, ends, writes }) => {
    planned = Promise.withResolvers<void>();
    goOn = Promise.withResolvers<void>();
    const name = `web-${replicas}`;
    await createDeployment(cluster, { namespace, name, replicas: 1 });
    const target = { namespace, resource_name: name };
    const audit = await auditFromNow();

    const answer = service.execute('scale_later', { ...target, replicas });
    await planned.promise;
    const between = await service.execute('scale_deployment', { ...target, replicas: 2 });
    goOn.resolve();
    const { body } = await answer;

    expect(between.body).toMatchObject({ status: 'completed', changed: true });
    expect(body, JSON.stringify(body)).toMatchObject({ status: 'completed', ...ends });
    // Nothing was refused for an outdated version: nothing outdated was sent.
    expect(await audit.writes({ namespace, name, userAgent: 'executor-service' })).toEqual(
      Array.from({ length: writes }, () => 'patch deployments/scale 200'),
    );
  },
);
