import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import type { PlanContext } from '../../src/actions/define.ts';
import { findAction } from '../../src/actions/registry.ts';
import { changeKind, changesOf } from '../../src/changes/change-kinds.ts';
import type { Plan } from '../../src/changes/plan.ts';
import { rolledOut } from '../../src/changes/rollout-complete.ts';
import { watchUntil } from '../../src/changes/watch-until.ts';
import type { Cluster } from '../../src/kubernetes/cluster.ts';
import { isKubernetesError } from '../../src/kubernetes/errors.ts';
import { findKind } from '../../src/kubernetes/kinds.ts';
import { type KubernetesObject, referenceTo } from '../../src/kubernetes/object.ts';
import { readerOf } from '../../src/kubernetes/reader.ts';
import { findClusterAccess } from '../../src/platform/kubernetes-access.ts';
import { type ConnectedCluster, connectCluster } from '../../src/platform/kubernetes-connection.ts';

const run = promisify(execFile);

/** A namespace of its own in the cluster that KUBECONFIG names, and what a test does there. */
export interface ClusterFixture {
  cluster: Cluster;
  namespace: string;
  /** Two of its own, Ready. */
  nodes: readonly [string, string];
  kubectl(...args: string[]): Promise<string>;
  /** Pods of these objects, their templates included, stay on the fixture's own nodes. */
  apply(...objects: object[]): Promise<void>;
  /** `deployment/web`, as the cluster has it now. */
  read(word: string): Promise<KubernetesObject>;
  /** A merge patch. */
  patch(word: string, body: object): Promise<void>;
  /** Waits until the workload's rollout is complete. */
  settled(word: string): Promise<void>;
  /** The pods with that label `app` that are not on their way out, by name. */
  pods(app: string): Promise<KubernetesObject[]>;
  /** What the action plans for the target; throws what it refuses with. */
  plan(
    action: string,
    target: string | undefined,
    parameters?: Record<string, unknown>,
    more?: Partial<PlanContext<unknown>>,
  ): Promise<Plan>;
  /** Sends the plan's changes one after another and waits for what it expects. */
  carryOut(plan: Pick<Plan, 'changes' | 'expectations'>): Promise<void>;
  /** Both, and planned anew after a conflict with a controller, as the executor does. */
  perform(action: string, target: string, parameters?: Record<string, unknown>): Promise<Plan>;
  /** The same cluster as a ServiceAccount sees it that may do only this, in the namespace. */
  restricted(rules: object[]): Promise<Cluster>;
  close(): Promise<void>;
}

export const hasCluster = Boolean(process.env['KUBECONFIG']);

export async function openFixture(): Promise<ClusterFixture> {
  const kubeconfig = process.env['KUBECONFIG'] ?? '';
  const access = await findClusterAccess({ kind: 'kubeconfig', paths: [kubeconfig] }, process.env);
  const cluster = await connectCluster({ access, environment: process.env, timeoutMs: 10_000, retryAttempts: 3 });
  const namespace = `act-${randomUUID().slice(0, 8)}`;
  const nodes = [`${namespace}-node-1`, `${namespace}-node-2`] as const;
  const options = { timeoutMs: 10_000 };
  const opened: ConnectedCluster[] = [cluster];

  const kubectl = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('kubectl', ['--kubeconfig', kubeconfig, '-n', namespace, ...args], {
      timeout: 60_000,
      maxBuffer: 1 << 24,
    });
    return stdout;
  };
  const read = (word: string): Promise<KubernetesObject> => cluster.get(referenceOf(word, namespace), options);

  const fixture: ClusterFixture = {
    cluster,
    namespace,
    nodes,
    kubectl,
    read,
    async apply(...objects) {
      const list = { apiVersion: 'v1', kind: 'List', items: objects.map((object) => onNodesOf(namespace, object)) };
      const child = run('kubectl', ['--kubeconfig', kubeconfig, '-n', namespace, 'apply', '-f', '-'], {
        timeout: 60_000,
      });
      child.child.stdin?.end(JSON.stringify(list));
      await child;
    },
    async patch(word, body) {
      await cluster.patch(referenceOf(word, namespace), { type: 'merge', body }, options);
    },
    async settled(word) {
      await watchUntil(cluster, [rolledOut(referenceOf(word, namespace))], { signal: AbortSignal.timeout(30_000) });
    },
    async pods(app) {
      const { items } = await cluster.list(
        { apiVersion: 'v1', kind: 'Pod', namespace, labelSelector: `app=${app}` },
        options,
      );
      const staying = items.filter(({ metadata }) => !metadata.deletionTimestamp);
      return staying.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    },
    async plan(name, target, parameters = {}, more = {}) {
      const action = findAction(name);
      if (!action) throw new Error(`no action ${name}`);
      const object = target === undefined ? undefined : await read(target);
      return action.plan({
        cluster: readerOf(cluster, options),
        target: object && referenceTo(object),
        object,
        parameters: action.parameters.parse(parameters),
        now: new Date(),
        actionId: randomUUID(),
        reason: undefined,
        execPaths: ['/var/log', '/tmp', '/var/tmp', '/var/cache'],
        ...more,
      });
    },
    async carryOut({ changes, expectations }) {
      const signal = AbortSignal.timeout(30_000);
      for (const change of changesOf(changes)) {
        if (!changeKind(change).isNoOp(change)) {
          await changeKind(change).send(change, { cluster, dryRun: true, signal, timeoutMs: 10_000 });
          await changeKind(change).send(change, { cluster, dryRun: false, signal, timeoutMs: 10_000 });
        }
      }
      await watchUntil(cluster, expectations, { signal });
    },
    async perform(action, target, parameters) {
      for (let again = 2; ; again -= 1) {
        const plan = await fixture.plan(action, target, parameters);
        try {
          await fixture.carryOut(plan);
          return plan;
        } catch (error) {
          if (again === 0 || !isKubernetesError(error, 'conflict')) throw error;
        }
      }
    },
    async restricted(rules) {
      const metadata = { name: 'restricted', namespace };
      const group = 'rbac.authorization.k8s.io';
      await fixture.apply(
        { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
        { apiVersion: `${group}/v1`, kind: 'Role', metadata, rules },
        {
          apiVersion: `${group}/v1`,
          kind: 'RoleBinding',
          metadata,
          roleRef: { apiGroup: group, kind: 'Role', name: metadata.name },
          subjects: [{ kind: 'ServiceAccount', ...metadata }],
        },
      );
      const text = (await kubectl('create', 'token', metadata.name)).trim();
      const { name, server, authority, skipTlsVerify } = access;
      const limited = { name, server, authority, skipTlsVerify, token: { text } };
      const other = await connectCluster({ access: limited, environment: {}, timeoutMs: 10_000, retryAttempts: 3 });
      opened.push(other);
      return other;
    },
    async close() {
      await kubectl('delete', 'namespace', namespace, '--wait=false');
      await kubectl('delete', 'node', ...nodes, '--ignore-not-found', '--wait=false');
      for (const connection of opened) await connection.close();
    },
  };
  await kubectl('create', 'namespace', namespace);
  await fixture.apply(
    ...nodes.map((name) => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { [ownLabel]: namespace } },
      spec: { taints: [{ key: ownLabel, value: namespace, effect: 'NoSchedule' }] },
    })),
  );
  await kubectl('wait', '--for=condition=Ready', '--timeout=30s', ...nodes.map((name) => `node/${name}`));
  // Its pods may not be created before its default account is.
  await kubectl('wait', '--for=create', '--timeout=30s', 'serviceaccount/default');
  return fixture;
}

function referenceOf(word: string, namespace: string) {
  const [kindWord = '', name = ''] = word.split('/');
  const kind = findKind(kindWord);
  if (!kind) throw new Error(`no kind ${kindWord}`);
  const { apiVersion, kind: kindName, namespaced } = kind;
  return { apiVersion, kind: kindName, name, ...(namespaced ? { namespace } : {}) };
}

const ownLabel = 'test/namespace';

/** Another test's nodes come and go, and so do these: a pod of another test would go with them. */
function onNodesOf(namespace: string, object: object): object {
  return JSON.parse(JSON.stringify(object), (_key, value: unknown) =>
    typeof value === 'object' && value !== null && 'containers' in value
      ? { ...value, nodeSelector: { [ownLabel]: namespace }, tolerations: [{ key: ownLabel, operator: 'Exists' }] }
      : value,
  );
}

/** A Deployment, StatefulSet or DaemonSet of the smallest size. */
export function workload(
  kind: 'Deployment' | 'StatefulSet' | 'DaemonSet',
  name: string,
  spec: object = {},
  template: { annotations?: object; env?: object[] } = {},
): object {
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, annotations: { team: 'shop' } },
    spec: {
      ...(kind === 'DaemonSet' ? {} : { replicas: 2 }),
      selector: { matchLabels: { app: name } },
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      template: {
        metadata: { labels: { app: name }, annotations: template.annotations ?? {} },
        spec: { containers: [{ name: 'main', image: 'shop/web:1', env: template.env ?? [] }] },
      },
      ...spec,
    },
  };
}
