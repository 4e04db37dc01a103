import type { BadBody } from './bad-requests.ts';
import { workflow } from './good-requests.ts';

/** Several faults in one body, in different parts of it, with all pointers that must be told. */
export function faultsTogether(namespace: string): readonly BadBody[] {
  return [
    {
      title: 'fields of the request and parameters of the action',
      body: {
        ...workflow(namespace).body,
        timeout: 'soon',
        bogus: 1,
        parameters: { replicas: -1, color: 'red', namespace: 'UPPER', resourceName: 7 },
      },
      pointers: [
        '/timeout',
        '/bogus',
        '/parameters/replicas',
        '/parameters/color',
        '/parameters/namespace',
        '/parameters/resourceName',
      ],
    },
    {
      title: 'parameters and target',
      body: { action: 'scale_deployment', parameters: { replicas: 2.9, override_hpa: 'no', resource_name: '../../x' } },
      pointers: ['/parameters/replicas', '/parameters/override_hpa', '/parameters/resource_name'],
    },
    {
      title: 'parameters and an alert that names no object',
      body: {
        action: { action: 'scale_deployment', parameters: { replicas: '-3' } },
        alert: { name: 'a', namespace, resource: 'web;rm -rf /' },
      },
      pointers: ['/action/parameters/replicas', '/alert/resource'],
    },
    {
      title: 'parameters and a kind that the action does not act on',
      body: { action: 'cordon_node', parameters: { color: 1 }, target: { kind: 'Secret', namespace, name: 'a' } },
      pointers: ['/parameters/color', '/target'],
    },
    {
      title: 'parameters and no target at all',
      body: { action: 'scale_deployment', parameters: {} },
      pointers: ['/parameters/replicas', '/target'],
    },
    {
      title: 'text that no database keeps, and parameters',
      body: {
        action: 'scale_deployment',
        parameters: { replicas: 'x\u0000', namespace, resource_name: 'web' },
        metadata: { a: '\ud800' },
      },
      pointers: ['/parameters/replicas', '/metadata/a'],
    },
    {
      title: 'every level of the recommendation',
      body: {
        action: { action: 'restart_deployment', bogus: 1, priority: 10, parameters: { x: 1 } },
        alert: { severity: 5, labels: { a: 1 }, y: 2 },
        target: { z: 3, name: 'Web', namespace },
        dry_run: 'yes',
      },
      pointers: [
        '/action/bogus',
        '/action/priority',
        '/action/parameters/x',
        '/alert/name',
        '/alert/severity',
        '/alert/labels/a',
        '/alert/y',
        '/target/z',
        '/target/name',
        '/dry_run',
      ],
    },
  ];
}
