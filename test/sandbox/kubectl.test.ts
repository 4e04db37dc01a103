import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { sandboxServer } from './servers.ts';

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;

// kubectl speaks protobuf, aggregated discovery, OpenAPI and tables: no list of requests covers it as well as itself.
describe.runIf(hasKubectl)('kubectl on the sandbox', async () => {
  const server = await sandboxServer({ seed: true });
  const env = { ...process.env, KUBECONFIG: '', HOME: mkdtempSync(join(tmpdir(), 'kubectl-')) };
  afterAll(() => server.close());
  const kubectl = async (...words: string[]): Promise<string> =>
    (
      await promisify(execFile)('kubectl', ['--server', server.url, '-n', 'production', ...words], {
        env,
        timeout: 30_000,
      })
    ).stdout;

  test('scales, restarts and undoes a rollout', async () => {
    await kubectl('rollout', 'status', 'deployment/web-server');
    expect(await kubectl('rollout', 'history', 'deployment/web-server')).toMatch(/1 +nginx 1.28\n2 +nginx 1.29/);
    expect(await kubectl('scale', 'deployment/web-server', '--replicas=3')).toContain('scaled');
    expect(await kubectl('rollout', 'status', 'deployment/web-server')).toContain('successfully rolled out');
    expect(await kubectl('rollout', 'restart', 'deployment/web-server')).toContain('restarted');
    await kubectl('rollout', 'status', 'deployment/web-server');
    expect(await kubectl('rollout', 'undo', 'deployment/web-server', '--to-revision=1')).toContain('rolled back');
    await kubectl('rollout', 'status', 'deployment/web-server');
    expect(
      await kubectl(
        'get',
        'deployment',
        'web-server',
        '-o',
        'jsonpath={.spec.template.spec.containers[0].image} {.spec.replicas}',
      ),
    ).toBe('nginx:1.28 3');
  }, 60_000);

  test('creates by protobuf, applies, and describes', async () => {
    expect(await kubectl('create', 'deployment', 'made', '--image=nginx', '--replicas=2', '--port=80')).toContain(
      'created',
    );
    expect(
      await kubectl(
        'get',
        'deployment',
        'made',
        '-o',
        'jsonpath={.spec.replicas} {.spec.template.spec.containers[0].ports[0].containerPort}',
      ),
    ).toBe('2 80');
    expect(await kubectl('auth', 'can-i', 'delete', 'pods')).toBe('yes\n');
    expect(await kubectl('describe', 'deployment', 'made')).toMatch(
      /ScalingReplicaSet .*Scaled up replica set made-\w+ from 0 to 2/,
    );
    expect(await kubectl('api-resources')).toMatch(/deployments +deploy +apps\/v1 +true +Deployment/);
  }, 60_000);

  test('drains a node, waiting for the budget', async () => {
    const output = await kubectl(
      'drain',
      'node-1',
      '--ignore-daemonsets',
      '--force',
      '--delete-emptydir-data',
      '--timeout=25s',
    );
    const { body } = await server.call('GET', '/api/v1/pods?fieldSelector=spec.nodeName=node-1');

    expect(output).toContain('node/node-1 drained');
    expect(
      body.items.every(
        (pod: { metadata: { ownerReferences: { kind: string }[] } }) =>
          pod.metadata.ownerReferences[0]?.kind === 'DaemonSet',
      ),
    ).toBe(true);
    expect(await kubectl('get', 'nodes')).toMatch(/node-1 +Ready,SchedulingDisabled/);
    expect(await kubectl('uncordon', 'node-1')).toContain('uncordoned');
  }, 60_000);
});
