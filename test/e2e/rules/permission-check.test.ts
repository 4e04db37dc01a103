import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { findAction } from '../../../src/actions/registry.ts';
import { neededPermissions } from '../../../src/executor/needed-permissions.ts';
import { findClusterAccess } from '../../../src/platform/kubernetes-access.ts';
import type { ConnectedCluster } from '../../../src/platform/kubernetes-connection.ts';
import { rules } from '../../../src/policy/rules.ts';
import { auditFromNow } from '../../support/audit.ts';
import {
  connectTestClient,
  createDeployment,
  createNamespace,
  ensureNodes,
  eventually,
  onRealCluster,
} from '../../support/cluster.ts';
import { createServiceAccount, type TestServiceAccount } from '../../support/service-account.ts';
import { type Replica, type Service, startService } from '../../support/service.ts';

let cluster: ConnectedCluster;
let namespace: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2']);
  namespace = await createNamespace(cluster, 'rights');
  for (const name of ['web', 'other']) await createDeployment(cluster, { namespace, name, replicas: 1 });
});

afterAll(async () => {
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

const scale = (by: Replica, name: string, replicas: number, more: Record<string, unknown> = {}) =>
  by.execute('scale_deployment', { namespace, resource_name: name, replicas }, more);

test('answers are remembered: the same action once more asks the API server nothing about its rights', async () => {
  let asked = 0;
  const service = await startService({
    faults: (send) => async (url, init) => {
      if (url.includes('selfsubjectaccessreviews')) asked += 1;
      return await send(url, init);
    },
  });
  expect((await scale(service, 'other', 2)).body).toMatchObject({ status: 'completed' });
  const first = asked;

  expect((await scale(service, 'other', 1)).body).toMatchObject({ status: 'completed' });
  expect((await service.execute('cordon_node', { node_name: 'node-1' }, { dry_run: true })).status).toBe(200);

  expect(first).toBeGreaterThan(0);
  // Those for nodes, which are other ones: to patch, to list and to watch them.
  expect(asked - first).toBe(3);
  await service.close();
});

describe.skipIf(!onRealCluster)('a service whose account lacks a right', () => {
  let account: TestServiceAccount;
  let service: Service;

  beforeAll(async () => {
    const chosen = ['scale_deployment', 'cordon_node'].flatMap((name) => findAction(name) ?? []);
    const given = neededPermissions(chosen, rules).filter(
      ({ verb, resource }) => `${verb} ${resource}` !== 'patch deployments/scale',
    );
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'rights' },
      rules: given.map(({ apiGroup, resource, verb }) => ({
        apiGroups: [apiGroup],
        resources: [resource],
        verbs: [verb],
      })),
    };
    account = await createServiceAccount(cluster, { namespace, clusterRole: stringify(role) });
    service = await startService({
      access: await findClusterAccess({ kind: 'kubeconfig', paths: [account.kubeconfig] }, process.env),
    });
  });

  afterAll(async () => {
    await service.close();
    await account.close();
  });

  test('starts, tells of it in the log and in /health, and names who needs it', async () => {
    const missing =
      /^This service may not patch deployments.apps\/scale in the whole cluster; .*scale_deployment.* may need it$/;
    const { status, body } = await eventually(async () => {
      const health = await service.get('/health');
      expect(health.body.warnings).toContainEqual(expect.stringMatching(missing));
      return health;
    });

    expect(status).toBe(200);
    expect(body.warnings.filter((warning: string) => warning.includes('patch nodes'))).toEqual([]);
    expect(service.logLines.map((line) => JSON.parse(line).message ?? JSON.parse(line).msg)).toContainEqual(
      expect.stringMatching(missing),
    );
  });

  test('refuses what needs it before anything is written, a dry run too, and does the rest', async () => {
    const audit = await auditFromNow();
    for (const more of [{}, { dry_run: true }]) {
      expect(await scale(service, 'web', 2, more)).toMatchObject({
        status: 403,
        body: {
          code: 'permission_denied',
          detail: `this service may not patch deployments.apps/scale in namespace ${namespace}, which scale_deployment needs`,
          hint: expect.stringContaining('deploy/base/cluster-role.yaml'),
        },
      });
    }
    expect(await audit.writes({ namespace, name: 'web' })).toEqual([]);
    expect(await service.sql`select key from target_lock`).toEqual([]);

    const cordoned = await service.execute('cordon_node', { node_name: 'node-1' }, { dry_run: true });
    expect(cordoned.body, JSON.stringify(cordoned.body)).toMatchObject({ status: 'completed' });
  });

  test('asks a person, or leaves it to the API server, where the rule is set so', async () => {
    const verdict = (word: string) =>
      service.replica({ env: { EXECUTOR_SAFETY_RULES_PERMISSION_CHECK_VERDICT: word } });

    expect((await scale(await verdict('ask'), 'web', 2)).body).toMatchObject({
      status: 'pending_approval',
      message: expect.stringMatching(/^Waits for somebody to agree: this service may not patch/),
    });
    expect((await scale(await verdict('off'), 'web', 2)).body).toMatchObject({
      status: 'failed',
      error: { code: 'permission_denied' },
    });
  });

  test('does it as soon as it has the right, in that namespace alone', async () => {
    const elsewhere = await createNamespace(cluster, 'rights');
    await createDeployment(cluster, { namespace: elsewhere, name: 'web', replicas: 1 });
    const { name } = account;
    const api = { apiVersion: 'rbac.authorization.k8s.io/v1' };
    await cluster.create({
      ...api,
      kind: 'Role',
      metadata: { name, namespace },
      rules: [{ apiGroups: ['apps'], resources: ['deployments/scale'], verbs: ['patch'], resourceNames: ['web'] }],
    });
    await cluster.create({
      ...api,
      kind: 'RoleBinding',
      metadata: { name, namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    });

    await eventually(async () => {
      const answer = await scale(service, 'web', 2);
      expect(answer.body, JSON.stringify(answer.body)).toMatchObject({ status: 'completed', changed: true });
    });
    expect((await scale(service, 'other', 3)).body).toMatchObject({ code: 'permission_denied' });
    expect(
      (await service.execute('scale_deployment', { namespace: elsewhere, resource_name: 'web', replicas: 2 })).body,
    ).toMatchObject({ code: 'permission_denied' });
    await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: elsewhere });
  });
});
