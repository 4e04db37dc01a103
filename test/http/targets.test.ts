import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { auditFromNow } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes, eventually } from '../support/cluster.ts';
import { type Service, startService } from '../support/service.ts';
import { expectProblem } from './expect-problem.ts';

let cluster: ConnectedCluster;
let service: Service;
let namespace: string;
let pod: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  namespace = await createNamespace(cluster, 'targets');
  await createDeployment(cluster, { namespace, name: 'web-server', replicas: 1 });
  await createDeployment(cluster, { namespace, name: 'other', replicas: 0 }, { ready: false });
  pod = await eventually(async () => {
    const { items } = await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector: 'app=web-server' });
    const [first] = items;
    if (!first) throw new Error('no pod yet');
    return first.metadata.name;
  });
  service = await startService();
});

afterAll(async () => {
  await service.close();
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

type Texts = Record<string, string>;
interface Sources {
  target?: unknown;
  parameters?: object;
  alert?: { namespace?: string | null; resource?: string; labels?: Texts; annotations?: Texts };
}

/** A dry run in the guide's shape; what it would act on. */
async function targetOf({ target, parameters, alert = {} }: Sources, action = 'scale_deployment') {
  const answer = await service.post('/api/v1/execute', {
    action: { action, parameters: { ...(action === 'scale_deployment' ? { replicas: 2 } : {}), ...parameters } },
    alert: { name: 'a', namespace, ...alert },
    ...(target ? { target } : {}),
    dry_run: true,
  });
  return answer.body.target
    ? `${answer.body.target.kind} ${answer.body.target.name}`
    : `${answer.body.code}: ${answer.body.detail}`;
}

const web = 'Deployment web-server';
const other = 'Deployment other';
const ns = '{{ns}}';
const pods = '{{pod}}';

/** With the namespace and the pod of this run. */
function filled<T>(value: T): T {
  return JSON.parse(JSON.stringify(value).replaceAll(ns, namespace).replaceAll(pods, pod)) as T;
}

describe('a target is named by', () => {
  test.each<[string, Sources, string]>([
    ['a name', { alert: { resource: 'web-server' } }, web],
    ['a name with spaces around it', { alert: { resource: ' web-server ' } }, web],
    ['kind and name', { alert: { resource: 'deployment/web-server' } }, web],
    ['the plural', { alert: { resource: 'deployments/web-server' } }, web],
    ['the short name of the kind', { alert: { resource: 'deploy/web-server' } }, web],
    ['the kind with its group', { alert: { resource: 'deployments.apps/web-server' } }, web],
    ['apiVersion, kind and name', { alert: { resource: 'apps/v1/Deployment/web-server' } }, web],
    ['namespace, kind and name', { alert: { namespace: null, resource: `${ns}/deployment/web-server` } }, web],
    [
      'namespace, kind and name, over another namespace',
      { alert: { namespace: 'elsewhere', resource: `${ns}/deployment/web-server` } },
      web,
    ],
    ['an explicit target', { target: { kind: 'Deployment', namespace: ns, name: 'web-server' } }, web],
    [
      'an explicit target with its version',
      { target: { kind: 'Deployment', api_version: 'apps/v1', namespace: ns, name: 'web-server' } },
      web,
    ],
    ['an explicit target without kind', { target: { namespace: ns, name: 'web-server' } }, web],
    ['an explicit target in lower case', { target: { kind: 'deployment', name: 'web-server' } }, web],
    ['an explicit target, in the namespace of the alert', { target: { name: 'web-server' } }, web],
    ['an explicit target whose namespace is empty', { target: { namespace: '', name: 'web-server' } }, web],
    ['parameters', { parameters: { resource_name: 'web-server' } }, web],
    ['parameters with a kind', { parameters: { resource_type: 'deployment', resource_name: 'web-server' } }, web],
    ['parameters in camelCase', { parameters: { resourceType: 'Deployment', resourceName: 'web-server' } }, web],
    [
      'parameters with a namespace',
      { parameters: { namespace: ns, resource_name: 'web-server' }, alert: { namespace: 'elsewhere' } },
      web,
    ],
    ['a parameter with a kind in the name', { parameters: { resource_name: 'deployment/web-server' } }, web],
    ['the label deployment', { alert: { labels: { deployment: 'web-server' } } }, web],
    ['the label app', { alert: { labels: { app: 'web-server' } } }, web],
    [
      'labels, with the namespace among them',
      { alert: { namespace: '', labels: { namespace: ns, deployment: 'web-server' } } },
      web,
    ],
    ['the annotation deployment', { alert: { annotations: { deployment: 'web-server' } } }, web],
    ['a pod, which stands for its owner', { alert: { resource: `pod/${pods}` } }, web],
    ['the label pod, which stands for its owner', { alert: { labels: { pod: pods } } }, web],
    ['the label pod_name, before app', { alert: { labels: { app: 'other', pod_name: pods } } }, web],
    ['an explicit pod', { target: { kind: 'Pod', name: pods } }, web],
  ])('%s', async (_title, sources, expected) => {
    expect(await targetOf(filled(sources))).toBe(expected);
  });

  test.each<[string, Sources, string]>([
    ['the target before parameters', { target: { name: 'web-server' }, parameters: { resource_name: 'other' } }, web],
    [
      'parameters before the resource',
      { parameters: { resource_name: 'web-server' }, alert: { resource: 'deployment/other' } },
      web,
    ],
    ['the resource before labels', { alert: { resource: 'web-server', labels: { deployment: 'other' } } }, web],
    [
      'labels before annotations',
      { alert: { labels: { deployment: 'web-server' }, annotations: { deployment: 'other' } } },
      web,
    ],
    ['deployment before app', { alert: { labels: { app: 'other', deployment: 'web-server' } } }, web],
    [
      'the kind of the action before other kinds',
      { alert: { labels: { statefulset: 'x', node: 'node-1', instance: '10.0.0.1:9100', deployment: 'web-server' } } },
      web,
    ],
    ['an empty parameter falls through', { parameters: { resource_name: '' }, alert: { resource: 'web-server' } }, web],
    ['an empty resource falls through', { alert: { resource: '', labels: { deployment: 'web-server' } } }, web],
    ['a blank resource falls through', { alert: { resource: '  ', labels: { deployment: 'web-server' } } }, web],
    ['an empty label falls through', { alert: { labels: { deployment: '', app: 'web-server' } } }, web],
    [
      'empty labels fall through',
      { alert: { labels: { deployment: '', app: ' ' }, annotations: { deployment: 'other' } } },
      other,
    ],
    [
      'odd text in labels that name nothing',
      { alert: { resource: 'web-server', labels: { summary: 'a:b/../c 🚀 %2e', __x: '', pod: '../..' } } },
      web,
    ],
  ])('%s', async (_title, sources, expected) => {
    expect(await targetOf(filled(sources))).toBe(expected);
  });

  test('a node: by parameter, label, and the host of an instance', async () => {
    expect(await targetOf({ parameters: { node_name: 'node-1' } }, 'cordon_node')).toBe('Node node-1');
    expect(await targetOf({ alert: { resource: 'node/node-1' } }, 'cordon_node')).toBe('Node node-1');
    expect(await targetOf({ alert: { labels: { node: 'node-1', instance: 'node-2:9100' } } }, 'cordon_node')).toBe(
      'Node node-1',
    );
    expect(await targetOf({ alert: { labels: { instance: 'node-2:9100' } } }, 'cordon_node')).toBe('Node node-2');
  });

  test('a pod, where the action is made for pods', async () => {
    expect(await targetOf({ alert: { labels: { deployment: 'other', pod } } }, 'restart_pod')).toBe(`Pod ${pod}`);
    expect(await targetOf({ alert: { labels: { app: 'x', deployment: 'web-server' } } }, 'restart_pod')).toBe(web);
  });
});

describe('what the action can not act on is 422 unsupported_target, before any call', () => {
  test.each<[string, Sources, string]>([
    ['another kind', { alert: { resource: 'statefulset/web-server' } }, '/alert/resource'],
    [
      'a kind of its own',
      { target: { kind: 'Rollout', api_version: 'argoproj.io/v1alpha1', name: 'web-server' } },
      '/target',
    ],
    ['a kind that nobody knows', { target: { kind: 'Bogus', name: 'web-server' } }, '/target'],
    [
      'a namesake of another group',
      { target: { kind: 'Deployment', api_version: 'example.com/v1', name: 'web-server' } },
      '/target',
    ],
    ['a namesake in the resource', { alert: { resource: 'example.com/v1/Deployment/web-server' } }, '/alert/resource'],
    ['a node', { parameters: { node_name: 'node-1' } }, '/action/parameters/node_name'],
    [
      'a type that nobody knows',
      { parameters: { resource_type: 'bogus', resource_name: 'web-server' } },
      '/action/parameters/resource_name',
    ],
  ])('%s', async (_title, { target, parameters, alert }, pointer) => {
    const audit = await auditFromNow();
    const sent = {
      action: { action: 'scale_deployment', parameters: { replicas: 2, ...parameters } },
      alert: { name: 'a', namespace, ...alert },
      ...(target ? { target } : {}),
    };

    const answer = await service.post('/api/v1/execute', sent);

    expectProblem(answer, { status: 422, code: 'unsupported_target', pointers: [pointer], sent });
    expect(answer.body.detail).toContain('Deployment');
    expect(await audit.requests({ namespace })).toEqual([]);
  });
});

test('what is not there is 404 target_not_found, naming it', async () => {
  const answer = await service.execute('scale_deployment', { namespace, resource_name: 'absent', replicas: 1 });

  expectProblem(answer, { status: 404, code: 'target_not_found' });
  expect(answer.body.detail).toContain(`${namespace}/absent`);
  expect(answer.body.hint).toMatch(/\S/);
});
