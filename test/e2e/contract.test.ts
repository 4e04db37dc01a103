import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actions } from '../../src/actions/registry.ts';
import type { KubernetesObject, ObjectReference } from '../../src/kubernetes/object.ts';
import type { Permission } from '../../src/kubernetes/permission.ts';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { rules } from '../../src/policy/rules.ts';
import { type AuditEntry, auditFromNow } from '../support/audit.ts';
import { connectTestClient, createNamespace, ensureNodes, eventually } from '../support/cluster.ts';
import { type Service, startService } from '../support/service.ts';
import { permissionsOfTargets } from '../support/permissions.ts';

/** A target that the action can act on, made for one test, and what to ask of it. */
interface Scenario {
  target: ObjectReference;
  parameters: Record<string, unknown>;
}

let cluster: ConnectedCluster;
let service: Service;
let namespace: string;
const userAgent = `executor-contract-${randomUUID().slice(0, 8)}`;
const nodes: string[] = [];

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  namespace = await createNamespace(cluster, 'contract');
  service = await startService({ userAgent });
});

afterAll(async () => {
  await service.close();
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  for (const name of nodes) await cluster.delete({ apiVersion: 'v1', kind: 'Node', name });
  await cluster.close();
});

/** What each action is tried on; an action without a line here fails the test below. */
const scenarios: Record<string, () => Promise<Scenario[]>> = {
  scale_deployment: async () => [{ target: await workload('Deployment'), parameters: { replicas: 2 } }],
  scale_statefulset: async () => [{ target: await workload('StatefulSet'), parameters: { replicas: 2 } }],
  restart_deployment: async () => [{ target: await workload('Deployment'), parameters: {} }],
  restart_statefulset: async () => [{ target: await workload('StatefulSet'), parameters: {} }],
  restart_daemonset: async () => [{ target: await workload('DaemonSet'), parameters: {} }],
  restart_pod: async () => [
    { target: await podOf(await workload('Deployment')), parameters: {} },
    { target: await podOf(await workload('StatefulSet')), parameters: { force: true, grace_period_seconds: 1 } },
    { target: await workload('Deployment', 2), parameters: {} },
    { target: await workload('DaemonSet'), parameters: {} },
  ],
  rollback_deployment: async () => [
    { target: await secondRevision(await workload('Deployment')), parameters: {} },
    { target: await secondRevision(await workload('StatefulSet')), parameters: {} },
    { target: await secondRevision(await workload('DaemonSet')), parameters: {} },
  ],
  cordon_node: async () => [{ target: await node(), parameters: {} }],
  uncordon_node: async () => [{ target: await node({ unschedulable: true }), parameters: {} }],
  collect_diagnostics: async () => [
    { target: await workload('Deployment'), parameters: {} },
    { target: await workload('StatefulSet'), parameters: {} },
    { target: await workload('DaemonSet'), parameters: {} },
    { target: await node(), parameters: {} },
  ],
  notify_only: async () => [{ target: await workload('Deployment'), parameters: { message: 'Look here' } }],
};

describe.each(actions.map((action) => [action.name, action] as const))('%s', (name, action) => {
  const prepared = async () => (await scenarios[name]?.()) ?? [];

  test('has scenarios here, and examples that its own schema takes', () => {
    expect(Object.keys(scenarios)).toContain(name);
    expect(action.examples.length).toBeGreaterThan(0);
    for (const { parameters } of action.examples) expect(action.parameters.safeParse(parameters).success).toBe(true);
  });

  test('its dry run is accepted and changes nothing', async () => {
    for (const scenario of await prepared()) {
      const before = await cluster.get(scenario.target);
      const audit = await auditFromNow();

      const { status, body } = await run(name, scenario, { dry_run: true });

      expect(status, JSON.stringify(body)).toBe(200);
      expect(body).toMatchObject({ status: 'completed', dry_run: true, changed: false, undo: { available: false } });
      expect(await audit.writes({ userAgent })).toEqual([]);
      expect((await cluster.get(scenario.target)).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    }
    expect(await service.sql`select key from target_lock`).toEqual([]);
  });

  test('takes effect, verified; a second time as it says; and can be undone, or says why not', async () => {
    for (const scenario of await prepared()) {
      const before = await cluster.get(scenario.target);
      const audit = await auditFromNow();

      const first = await run(name, scenario);

      expect(first.status, JSON.stringify(first.body)).toBe(200);
      expect(first.body, JSON.stringify(first.body)).toMatchObject({ status: 'completed', success: true });
      const writes = await audit.writes({ userAgent });
      const applied = first.body.changes.filter(({ kind }: { kind: string }) => kind !== 'wait');
      expect(first.body.changed).toBe(applied.length > 0);
      expect(writes).toHaveLength(applied.length);
      expect(first.body.expectations.every(({ holds }: { holds: boolean }) => holds)).toBe(true);

      if (action.irreversible === undefined) {
        if (action.again === 'no_op') {
          const again = await run(name, scenario);
          expect(again.body).toMatchObject({ status: 'completed', changed: false });
        }
        const undone = await service.post(first.body.links.rollback);
        expect(undone.body, JSON.stringify(undone.body)).toMatchObject({ status: 'completed', changed: true });
        const after = await cluster.get(scenario.target);
        expect(specOf(after)).toEqual(specOf(before));
      } else {
        expect(first.body.undo).toMatchObject({ available: false, reason: expect.any(String) });
      }
    }
  });

  test('a target that is not there is target_not_found', async () => {
    for (const { target, parameters } of await prepared()) {
      const { status, body } = await run(name, { target: { ...target, name: 'not-there' }, parameters });

      expect(status).toBe(404);
      expect(body).toMatchObject({ code: 'target_not_found' });
      expect(body.detail).toContain('not-there');
    }
  });

  test('asks the API server for just what it declares', async () => {
    const audit = await auditFromNow();
    for (const scenario of await prepared()) {
      const { body } = await run(name, scenario);
      expect(body, JSON.stringify(body)).toMatchObject({ status: 'completed' });
    }

    const used = new Set(
      (await audit.requests({ userAgent })).filter(({ objectRef }) => objectRef).map(permissionUsed),
    );
    const declared = new Set(spread(action.permissions));
    const byOthers = new Set(
      spread([...permissionsOfTargets(action), ...rules.flatMap(({ permissions }) => [...permissions])]),
    );
    expect([...used].filter((permission) => !declared.has(permission) && !byOthers.has(permission))).toEqual([]);
    const unused = [...declared].filter((permission) => !used.has(permission));
    expect(unused.filter((permission) => !(allowedUnused[name] ?? []).includes(permission))).toEqual([]);
  });
});

/** Declared for a turn of events that the scenarios do not bring about. */
const allowedUnused: Record<string, string[]> = {
  // The write's own answer proves the effect; a run that is settled after a crash has to look.
  cordon_node: ['watch nodes.'],
  uncordon_node: ['list nodes.', 'watch nodes.'],
  // Reports on CronJobs; usage, where the cluster has a metrics server.
  collect_diagnostics: ['list jobs.batch', 'get pods.metrics.k8s.io', 'get nodes.metrics.k8s.io'],
};

async function run(action: string, { target, parameters }: Scenario, more: Record<string, unknown> = {}) {
  const { apiVersion, kind, namespace: of, name } = target;
  return await service.execute(action, parameters, {
    target: { api_version: apiVersion, kind, ...(of ? { namespace: of } : {}), name },
    ...more,
  });
}

function spread(permissions: readonly Permission[]): string[] {
  return permissions.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}.${group}`))),
  );
}

function permissionUsed({ verb, objectRef }: AuditEntry): string {
  const { resource = '', subresource, apiGroup = '' } = objectRef ?? {};
  return `${verb} ${subresource ? `${resource}/${subresource}` : resource}.${apiGroup}`;
}

/** What an undo brings back: the spec. A cordoned node's taint is its controller's, which comes and goes a moment later. */
function specOf({ kind, spec }: KubernetesObject): unknown {
  if (kind !== 'Node') return spec;
  const { taints: _, ...own } = (spec ?? {}) as Record<string, unknown>;
  return own;
}

async function workload(kind: 'Deployment' | 'StatefulSet' | 'DaemonSet', replicas = 1): Promise<ObjectReference> {
  const name = `${kind.toLowerCase()}-${randomUUID().slice(0, 6)}`;
  await cluster.create({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace },
    spec: {
      ...(kind === 'DaemonSet' ? {} : { replicas }),
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [{ name: 'app', image: 'registry.example/app:1' }],
          // A DaemonSet's rollout takes a while on many nodes: it gets one.
          ...(kind === 'DaemonSet' ? { nodeSelector: { 'kubernetes.io/hostname': await labelledNode() } } : {}),
        },
      },
    },
  });
  const reference = { apiVersion: 'apps/v1', kind, namespace, name };
  await settled(reference, kind === 'DaemonSet' ? 1 : replicas);
  return reference;
}

async function labelledNode(): Promise<string> {
  const name = 'node-1';
  await cluster.patch(
    { apiVersion: 'v1', kind: 'Node', name },
    { type: 'merge', body: { metadata: { labels: { 'kubernetes.io/hostname': name } } } },
  );
  return name;
}

async function settled(reference: ObjectReference, replicas: number): Promise<void> {
  await eventually(async () => {
    const { metadata, status } = await cluster.get(reference);
    const { observedGeneration = 0, ...counts } = (status ?? {}) as Record<string, number>;
    if (observedGeneration < (metadata.generation ?? 0)) throw new Error('not observed');
    const ready = counts['readyReplicas'] ?? counts['numberReady'] ?? 0;
    const updated = counts['updatedReplicas'] ?? counts['updatedNumberScheduled'] ?? 0;
    const present = counts['replicas'] ?? counts['currentNumberScheduled'] ?? 0;
    if (ready !== replicas || updated !== replicas || present !== replicas)
      throw new Error(`${reference.name}: ${JSON.stringify(status)}`);
  });
}

async function secondRevision(reference: ObjectReference): Promise<ObjectReference> {
  const body = { spec: { template: { spec: { containers: [{ name: 'app', image: 'registry.example/app:2' }] } } } };
  await cluster.patch(reference, { type: 'strategic', body });
  await settled(reference, 1);
  if (reference.kind === 'StatefulSet') {
    await eventually(async () => {
      const { status } = await cluster.get(reference);
      const { currentRevision, updateRevision } = status as Record<string, string>;
      expect(currentRevision).toBe(updateRevision);
    });
  }
  return reference;
}

async function podOf(reference: ObjectReference): Promise<ObjectReference> {
  const { items } = await cluster.list({
    apiVersion: 'v1',
    kind: 'Pod',
    namespace,
    labelSelector: `app=${reference.name}`,
  });
  return { apiVersion: 'v1', kind: 'Pod', namespace, name: items[0]?.metadata.name ?? '' };
}

async function node(spec: Record<string, unknown> = {}): Promise<ObjectReference> {
  const name = `contract-${randomUUID().slice(0, 8)}`;
  nodes.push(name);
  await cluster.create({ apiVersion: 'v1', kind: 'Node', metadata: { name }, spec });
  const reference = { apiVersion: 'v1', kind: 'Node', name };
  await eventually(async () => {
    const { status } = await cluster.get(reference);
    const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
    expect(conditions.find(({ type }) => type === 'Ready')?.status).toBe('True');
  });
  // What the node controllers write first is over.
  await new Promise((resolve) => setTimeout(resolve, 300));
  return reference;
}
