import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Amounts, resourcesOf, withResources } from '../../src/actions/planning/container-resources.ts';
import { increasedResources } from '../../src/actions/planning/increased-resources.ts';
import { optimizedContainers } from '../../src/actions/planning/optimized-containers.ts';
import { Refusal } from '../../src/actions/refusal.ts';
import { compareQuantities, formatQuantity } from '../../src/kubernetes/quantities.ts';
import { openGround, type Ground } from '../scenarios/ground.ts';
import { onRealCluster } from '../support/cluster.ts';
import { recommend, usageKinds } from '../scenarios/usage.ts';
import { type Service, startService } from '../support/service.ts';

const amount = fc
  .integer({ min: 1, max: 100_000 })
  .map((milli) => formatQuantity({ nano: BigInt(milli) * 10n ** 6n, notation: 'decimal' }));
const optional = fc.option(amount, { nil: undefined });
/** As the API server takes them: no request is above its limit. */
const amounts = fc
  .record({ request: optional, limit: optional })
  .filter(({ request, limit }) => !request || !limit || compareQuantities(request, limit) <= 0)
  .map(defined);
const asked = fc.record({ request: optional, limit: optional }).map(defined);

describe('increased resources', () => {
  test('are never less than before, and never a request above its limit; else the refusal names what stands there', () => {
    fc.assert(
      fc.property(amounts, amounts, asked, asked, (cpu, memory, cpuAsked, memoryAsked) => {
        try {
          const { resources } = increasedResources({ cpu, memory }, { cpu: cpuAsked, memory: memoryAsked }, 'it');
          for (const [before, after] of [
            [cpu, resources.cpu],
            [memory, resources.memory],
          ] as const) {
            if (before.limit) expect(compareQuantities(after.limit ?? '0', before.limit)).toBeGreaterThanOrEqual(0);
            if (before.request)
              expect(compareQuantities(after.request ?? '0', before.request)).toBeGreaterThanOrEqual(0);
            if (after.limit && after.request)
              expect(compareQuantities(after.request, after.limit)).toBeLessThanOrEqual(0);
          }
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          expect(error.message).toMatch(/it has a (cpu|memory) (request|limit) of \d/);
        }
      }),
    );
  });

  test('leave what else a container has as it is', () => {
    const other = { name: 'b', image: 'b' };
    const gpu = { requests: { cpu: '1', 'nvidia.com/gpu': '1' }, limits: { 'nvidia.com/gpu': '1' }, claims: [] };
    const containers = [other, { name: 'a', image: 'a', resources: gpu, ports: [{ containerPort: 80 }] }];

    const after = withResources(containers, 1, { cpu: { request: '2' }, memory: { limit: '1Gi' } });

    expect(after).toEqual([
      other,
      {
        name: 'a',
        image: 'a',
        resources: {
          requests: { cpu: '2', 'nvidia.com/gpu': '1' },
          limits: { memory: '1Gi', 'nvidia.com/gpu': '1' },
          claims: [],
        },
        ports: [{ containerPort: 80 }],
      },
    ]);
  });
});

test('optimized limits are never below the requests, stay where there are none, and a second look changes nothing', () => {
  fc.assert(
    fc.property(amounts, amounts, amount, amount, (cpu, memory, cpuWanted, memoryWanted) => {
      const [container] = withResources([{ name: 'a' }], 0, { cpu, memory });
      const recommendation = {
        source: '',
        requests: new Map([['a', { cpu: cpuWanted, memory: memoryWanted }]]),
        tolerance: 0,
        warnings: [],
      };

      const once = optimizedContainers([container ?? {}], recommendation).containers;
      const twice = optimizedContainers(once, recommendation);

      const after = resourcesOf(once[0]);
      for (const name of ['cpu', 'memory'] as const) {
        const { request = '0', limit } = after[name];
        expect(compareQuantities(request, name === 'cpu' ? cpuWanted : memoryWanted)).toBe(0);
        expect(limit === undefined).toBe((name === 'cpu' ? cpu : memory).limit === undefined);
        if (limit) expect(compareQuantities(limit, request)).toBeGreaterThanOrEqual(0);
      }
      expect(twice).toEqual({ containers: once, told: [] });
    }),
  );
});

describe('through the front door', () => {
  let ground: Ground;
  let service: Service;
  beforeAll(async () => {
    ground = await openGround('resources');
    service = await startService();
  }, 60_000);
  afterAll(async () => {
    await service?.close();
    await ground?.close();
  });

  test('optimize_resources with its own parameter dry_run shows what would change, and changes nothing', async () => {
    await usageKinds(ground);
    const target = await ground.workload('Deployment');
    await recommend(ground, target, [{ containerName: 'app', target: { cpu: '300m', memory: '300Mi' } }]);
    const before = await ground.read(target);

    const { body } = await service.execute('optimize_resources', { dry_run: true }, { target: targetOf(target.name) });

    expect(body).toMatchObject({ status: 'completed', dry_run: true, changed: false });
    expect(body.message).toMatch(/app: cpu 300m without a limit, memory 300Mi without a limit/);
    expect((await ground.read(target))['spec']).toEqual(before['spec']);
  }, 30_000);

  test('in place, a resize that the API server refuses is told in its own words', async () => {
    // Without any amounts the pod is of the class BestEffort, which a resize may not change.
    const target = await ground.workload('Deployment');

    const { body } = await service.execute(
      'increase_resources',
      { cpu: '1', in_place: true },
      { target: targetOf(target.name) },
    );

    expect(body).toMatchObject({ status: 'failed', changed: false });
    expect(body.error.message).toMatch(/QOS/i);
  }, 30_000);

  // The sandbox keeps no quotas.
  test.skipIf(!onRealCluster)(
    'a size over the quota is told in the words of the API server',
    async () => {
      const container = { name: 'app', image: 'registry.example/app:1', resources: { limits: { cpu: '200m' } } };
      const target = await ground.workload('Deployment', { containers: [container] });
      await ground.create({
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'small', namespace: ground.namespace },
        spec: { hard: { 'limits.cpu': '1' } },
      });

      const { body } = await service.execute(
        'increase_resources',
        { cpu: '2' },
        { target: targetOf(target.name), timeout: '4s' },
      );

      expect(body).toMatchObject({ status: 'timed_out', undo: { available: true } });
      expect(body.message).toMatch(/exceeded quota: small/);
    },
    30_000,
  );

  function targetOf(name: string) {
    return { kind: 'Deployment', namespace: ground.namespace, name };
  }
});

function defined({ request, limit }: { request: string | undefined; limit: string | undefined }): Amounts {
  return { ...(request === undefined ? {} : { request }), ...(limit === undefined ? {} : { limit }) };
}
