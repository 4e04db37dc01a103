import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mayMatch, narrowedTerms } from '../../src/kubernetes/node-affinity.ts';
import { requestsOfPod } from '../../src/kubernetes/pod-requests.ts';
import { formatQuantity } from '../../src/kubernetes/quantities.ts';
import { tolerates } from '../../src/kubernetes/taints.ts';

const host = fc.constantFrom('node-1', 'node-2', 'node-3');
const move = fc.oneof(
  host.map((to) => ({ to })),
  host.map((from) => ({ from })),
);
const labels = (name: string) => ({ 'kubernetes.io/hostname': name });

describe('narrowed terms', () => {
  test('hold for the node of the last migration alone, or for all but that, whatever migrations came before', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 4 }), host, (before, name) => {
        const terms = before.reduce(narrowedTerms, []);

        const sent = narrowedTerms(terms, { to: name });
        const kept = narrowedTerms(terms, { from: name });

        for (const other of ['node-1', 'node-2', 'node-3']) {
          expect(mayMatch(sent, labels(other))).toBe(other === name);
        }
        expect(mayMatch(kept, labels(name))).toBe(false);
        expect(narrowedTerms(sent, { to: name })).toEqual(sent);
        expect(narrowedTerms(kept, { from: name })).toEqual(kept);
      }),
    );
  });

  test('are each narrowed, because one is enough to hold', () => {
    const zone = (value: string) => ({ matchExpressions: [{ key: 'zone', operator: 'In', values: [value] }] });

    const terms = narrowedTerms([zone('a'), zone('b')], { to: 'node-1' });

    expect(mayMatch(terms, { ...labels('node-1'), zone: 'b' })).toBe(true);
    expect(mayMatch(terms, { ...labels('node-2'), zone: 'b' })).toBe(false);
    expect(mayMatch(terms, { ...labels('node-1'), zone: 'c' })).toBe(false);
  });
});

test.each([
  [{ operator: 'Exists' }, true],
  [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }, false],
  [{ key: 'a', value: 'x', effect: 'NoExecute' }, true],
  [{ key: 'a', value: 'y' }, false],
  [{ key: 'b', operator: 'Exists' }, false],
  [{ value: 'x' }, false],
])('a toleration %j of the taint a=x:NoExecute: %j', (toleration, expected) => {
  const taint = { key: 'a', value: 'x', effect: 'NoExecute' };

  expect(tolerates({ tolerations: [toleration] }, taint)).toBe(expected);
  expect(tolerates({ tolerations: [{ ...toleration, tolerationSeconds: 5 }] }, taint, { stay: true })).toBe(false);
});

test('a pod requests what its containers and sidecars do together, or its largest init container beside the sidecars before it', () => {
  const container = (cpu: string, more: object = {}) => ({ resources: { requests: { cpu } }, ...more });

  const requests = requestsOfPod({
    containers: [container('100m'), { resources: { limits: { cpu: '200m' } } }],
    initContainers: [container('50m', { restartPolicy: 'Always' }), container('400m')],
    overhead: { cpu: '10m' },
  });

  const cpu = requests.get('cpu');
  expect(cpu && formatQuantity(cpu)).toBe('460m');
  expect(requests.get('pods')?.nano).toBe(10n ** 9n);
});

test.each([
  ['Gt', '4', '8', true],
  ['Gt', '8', '8', false],
  ['Lt', '16', '8', true],
  ['Lt', '8', '8', false],
])('a term with %s %s is judged by the number in the label: %s', (operator, bound, label, holds) => {
  const terms = [{ matchExpressions: [{ key: 'cores', operator, values: [bound] }] }];

  expect(mayMatch(terms, { cores: label })).toBe(holds);
  expect(mayMatch(terms, {})).toBe(false);
});
