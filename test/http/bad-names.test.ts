import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Service, startService } from '../support/service.ts';
import { expectProblem } from './expect-problem.ts';
import { countCalls, rowCounts } from './write-count.ts';

const { calls, faults } = countCalls();
let service: Service;
let before: { rows: Record<string, number>; calls: number };

beforeAll(async () => {
  service = await startService({ faults });
});

beforeEach(async () => {
  before = { rows: await rowCounts(service), calls: calls() };
});

afterEach(async () => {
  expect({ rows: await rowCounts(service), calls: calls() }).toEqual(before);
});

afterAll(async () => {
  await service.close();
});

/** Names as somebody sends them who wants to get out of the name's place. */
const badNames = [
  '../../x',
  '..',
  '.',
  '../kube-system/secrets/a',
  'web/../../x',
  '%2e%2e',
  '%2e%2e%2fx',
  '..%2f',
  'web%00',
  'web\\..\\x',
  'web;rm -rf /',
  "web' or 1=1--",
  'web"; drop table execution; --',
  '$(reboot)',
  '`id`',
  '${HOME}',
  '{{ secret }}',
  'web|cat',
  'web&&x',
  '-rf',
  'web-',
  'web?dryRun=All',
  'web#x',
  'web:1',
  'web@x',
  'a,b',
  'a=b',
  '*',
  'web\nserver',
  'web\r\nHost: x',
  'web\tserver',
  'web server',
  'web\u0000',
  'web\u0001x',
  '\ud800',
  'web\udfff',
  '\u202ebew',
  'wéb',
  'ｗｅｂ',
  '🚀',
  'Web',
  'web_server',
  'web..server',
  '.web',
  'web.',
  'a'.repeat(254),
  'x'.repeat(1_001),
  '<script>',
  'null\u007f',
];

const parameters = { replicas: 1 };
const recommended = (alert: object) => ({
  action: { action: 'scale_deployment', parameters },
  alert: { name: 'a', ...alert },
});
const asked = (more: object) => ({
  action: 'scale_deployment',
  parameters: { ...parameters, namespace: 'bad', ...more },
});

/** Every place where a request can name an object or its namespace. */
const places: readonly { pointer: string; body: (name: string) => unknown }[] = [
  { pointer: '/target/name', body: (name) => ({ ...asked({}), target: { namespace: 'bad', name } }) },
  { pointer: '/target/namespace', body: (namespace) => ({ ...asked({}), target: { namespace, name: 'web' } }) },
  { pointer: '/parameters/resource_name', body: (resource_name) => asked({ resource_name }) },
  {
    pointer: '/parameters/resource_name',
    body: (name) => ({ ...asked({ resource_name: name }), target: { namespace: 'bad', name: 'web' } }),
  },
  { pointer: '/parameters/resourceName', body: (resourceName) => asked({ resourceName }) },
  { pointer: '/parameters/namespace', body: (namespace) => asked({ namespace, resource_name: 'web' }) },
  { pointer: '/parameters/node_name', body: (node_name) => ({ action: 'cordon_node', parameters: { node_name } }) },
  { pointer: '/alert/namespace', body: (namespace) => recommended({ namespace, resource: 'web' }) },
  { pointer: '/alert/resource', body: (resource) => recommended({ namespace: 'bad', resource }) },
  { pointer: '/alert/resource', body: (name) => recommended({ namespace: 'bad', resource: `deployment/${name}` }) },
  { pointer: '/alert/resource', body: (namespace) => recommended({ resource: `${namespace}/deployment/web` }) },
  {
    pointer: '/alert/labels/deployment',
    body: (deployment) => recommended({ namespace: 'bad', labels: { deployment } }),
  },
  { pointer: '/alert/labels/app', body: (app) => recommended({ namespace: 'bad', labels: { app } }) },
  { pointer: '/alert/labels/namespace', body: (namespace) => recommended({ resource: 'web', labels: { namespace } }) },
  {
    pointer: '/alert/annotations/deployment',
    body: (deployment) => recommended({ namespace: 'bad', annotations: { deployment } }),
  },
];

describe.each(places)('in the place of $pointer ($body)', ({ pointer, body }) => {
  test.each(badNames)('%j is refused before any call', async (name) => {
    const sent = body(name);

    const answer = await service.post('/api/v1/execute', sent);

    expectProblem(answer, { status: 422, code: 'validation_failed', pointers: [pointer], sent });
  });
});

describe('as the name of an action', () => {
  test.each([
    ...badNames.filter((name) => name.length <= 100 && !/\p{Cc}|\p{Cs}/u.test(name)),
    'scale',
    'rollback',
    'toString',
    'constructor',
    'hasOwnProperty',
    'scale__deployment',
    'SCALE DEPLOYMENT',
  ])('%j is unknown', async (action) => {
    const guide = await service.post('/api/v1/execute', { action: { action, parameters: {} } });
    const workflow = await service.post('/api/v1/execute', { action, parameters: {} });
    const one = await service.get(`/api/v1/actions/${encodeURIComponent(action)}`);

    expectProblem(guide, { status: 422, code: 'unknown_action', pointers: ['/action/action'] });
    expectProblem(workflow, { status: 422, code: 'unknown_action', pointers: ['/action'] });
    expect(workflow.body.hint).toMatch(/Did you mean|GET \/api\/v1\/actions/);
    if (action !== '.' && action !== '..') expectProblem(one, { status: 404, code: 'not_found' });
  });
});

describe('in a path', () => {
  test.each([
    '%00',
    'a%00b',
    '..%2f..',
    "x'%20or%201=1--",
    '%ff',
    '%E0%A4%A',
    '%F0%9F%9A%80',
    'a%0Ab',
    '%ED%A0%80',
    'i'.repeat(10_000),
    '__proto__',
    '*',
    '%25',
    'a b',
  ])('%s is no execution', async (id) => {
    const found = await service.get(`/api/v1/status/${id}`);
    const undone = await service.post(`/api/v1/executions/${id}/rollback`, {});

    expectProblem(found, { status: 404, code: 'execution_not_found' });
    expectProblem(undone, { status: 404, code: 'execution_not_found' });
    for (const { body } of [found, undone]) expect(body.detail.length).toBeLessThan(1_000);
  });
});
