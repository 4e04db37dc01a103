import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { builtInKinds, findKind, kindOf } from '../../src/kubernetes/kinds.ts';
import { parseReference } from '../../src/kubernetes/parse-reference.ts';

const deployment = { apiVersion: 'apps/v1', kind: 'Deployment' };

describe('parseReference', () => {
  test.each([
    ['web-server', { name: 'web-server' }],
    ['deployment/web-server', { ...deployment, name: 'web-server' }],
    ['deploy/web-server', { ...deployment, name: 'web-server' }],
    ['DEPLOYMENTS/web-server', { ...deployment, name: 'web-server' }],
    ['deployments.apps/web-server', { ...deployment, name: 'web-server' }],
    ['apps/v1/Deployment/web-server', { ...deployment, name: 'web-server' }],
    ['apps/v1/deployment/web-server', { ...deployment, name: 'web-server' }],
    ['production/deployment/web-server', { ...deployment, namespace: 'production', name: 'web-server' }],
    ['v1/Pod/x', { apiVersion: 'v1', kind: 'Pod', name: 'x' }],
    ['production/v1/Pod/x', { apiVersion: 'v1', kind: 'Pod', namespace: 'production', name: 'x' }],
    ['apps/v1/Pod/x', { apiVersion: 'v1', kind: 'Pod', namespace: 'apps', name: 'x' }],
    ['production/apps/v1/Deployment/web', { ...deployment, namespace: 'production', name: 'web' }],
    ['node/node-1', { apiVersion: 'v1', kind: 'Node', name: 'node-1' }],
    [
      'autoscaling/v1/HorizontalPodAutoscaler/web',
      { apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', name: 'web' },
    ],
    ['postgresql.cnpg.io/v1/Cluster/main', { apiVersion: 'postgresql.cnpg.io/v1', kind: 'Cluster', name: 'main' }],
    [
      'db/postgresql.cnpg.io/v1/Cluster/main',
      { apiVersion: 'postgresql.cnpg.io/v1', kind: 'Cluster', namespace: 'db', name: 'main' },
    ],
    [
      'clusterrole/system:node',
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'system:node' },
    ],
    ['  web-server ', { name: 'web-server' }],
  ])('%s', (text, expected) => {
    expect(parseReference(text)).toEqual({ ok: true, ...expected });
  });

  test('a bare name is of the default kind, known or not', () => {
    expect(parseReference('web', { defaultKind: 'deploy' })).toEqual({ ok: true, ...deployment, name: 'web' });
    expect(parseReference('web', { defaultKind: 'Widget' })).toEqual({ ok: true, kind: 'Widget', name: 'web' });
    expect(parseReference('pod/web', { defaultKind: 'deploy' })).toMatchObject({ kind: 'Pod' });
  });

  test.each([
    ['', 'must not be empty'],
    ['/', 'empty'],
    ['deployment/', 'must not be empty'],
    ['/web', 'empty'],
    ['production//web', 'empty'],
    ['production/web', '"production" is no kind known here'],
    ['widget/web', '"widget" is no kind known here'],
    ['Web-Server', 'lower-case'],
    ['deployment/../secrets', 'is no kind'],
    ['Production/deployment/web', 'namespace'],
    ['production/node/node-1', 'a Node is in no namespace; write node/node-1'],
    ['example.com/v1/widget/x', '"widget" is no kind known here in "example.com/v1"'],
    ['a/b/c/d/e/f', 'is no kind'],
    ['namespace/a.b', 'not valid'],
    ['a'.repeat(701), 'too long'],
  ])('refuses %j in a sentence', (text, part) => {
    const parsed = parseReference(text);

    expect(parsed).toMatchObject({ ok: false });
    expect(!parsed.ok && parsed.detail).toContain(part);
  });

  test('reads back every built-in kind in each of its forms', () => {
    const name = 'x-1';
    for (const { apiVersion, kind, namespaced } of builtInKinds) {
      expect(parseReference(`${apiVersion}/${kind}/${name}`)).toEqual({ ok: true, apiVersion, kind, name });
      if (!namespaced) continue;
      expect(parseReference(`shop/${apiVersion}/${kind}/${name}`)).toEqual({
        ok: true,
        apiVersion,
        kind,
        namespace: 'shop',
        name,
      });
    }
  });

  test('answers any text with a value, and never with a name that leaves its path', () => {
    const texts = fc.oneof(
      fc.string(),
      fc
        .array(fc.oneof(fc.string(), fc.constantFrom('pod', 'v1', 'apps', '..', '')), { maxLength: 6 })
        .map((parts) => parts.join('/')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = parseReference(text);

        if (parsed.ok) expect(parsed.name).toMatch(/^[^/%]+$/);
        else expect(parsed.detail.length).toBeGreaterThan(5);
      }),
    );
  });
});

describe('findKind', () => {
  test.each(['deploy', 'deployment', 'deployments', 'Deployment', 'DEPLOY', 'deployment.apps'])(
    '%s is Deployment',
    (word) => {
      expect(findKind(word)).toMatchObject(deployment);
    },
  );

  test('of two kinds with one name the usual one is found', () => {
    expect(findKind('event')?.apiVersion).toBe('v1');
    expect(findKind('events.events.k8s.io')?.apiVersion).toBe('events.k8s.io/v1');
    expect(findKind('hpa')?.apiVersion).toBe('autoscaling/v2');
  });

  test('what every object has is no kind', () => {
    expect(findKind('constructor')).toBeUndefined();
    expect(kindOf('v1', 'constructor')).toBeUndefined();
  });
});
