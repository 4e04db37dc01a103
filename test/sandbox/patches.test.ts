import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonPatch } from '../../src/sandbox/patch/json-patch.ts';
import { mergePatch } from '../../src/sandbox/patch/merge-patch.ts';
import { strategicMergePatch } from '../../src/sandbox/patch/strategic-merge-patch.ts';
import { copy, same } from '../../src/sandbox/resource.ts';
import { definitionOf } from '../../src/sandbox/schema/definition.ts';

const podSpec = definitionOf('io.k8s.api.core.v1.PodSpec');
const nodeSpec = definitionOf('io.k8s.api.core.v1.NodeSpec');
const leaf = fc.oneof(fc.string({ maxLength: 4 }), fc.integer(), fc.boolean());
const tree = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(leaf, { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('node'), { maxKeys: 4 }),
  ),
})).node;
const document = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tree, { maxKeys: 4 });

describe('merge patch', () => {
  test.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%o with %o is %o (RFC 7386, appendix A)', (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result);
  });

  test('changes nothing the second time, and never its arguments', () => {
    fc.assert(
      fc.property(document, document, (target, patch) => {
        const before = [copy(target), copy(patch)];
        const once = mergePatch(target, patch);
        expect(mergePatch(once, patch)).toEqual(once);
        expect([target, patch]).toEqual(before);
      }),
    );
  });
});

describe('JSON patch', () => {
  test('a failed operation leaves the target as it was', () => {
    const target = { a: { b: 1 } };
    const patch = [
      { op: 'replace', path: '/a/b', value: 2 },
      { op: 'test', path: '/a/b', value: 3 },
    ];
    expect(() => jsonPatch(target, patch)).toThrow(
      expect.objectContaining({ status: expect.objectContaining({ code: 422 }) }),
    );
    expect(target).toEqual({ a: { b: 1 } });
  });

  test.each([['not a pointer'], ['/a/b/c/d']])('a path of %o is refused with 422', (path) => {
    expect(() => jsonPatch({ a: 1 }, [{ op: 'add', path, value: 1 }])).toThrow(
      expect.objectContaining({ status: expect.objectContaining({ code: 422 }) }),
    );
  });
});

describe('strategic merge patch', () => {
  const containers = (...names: string[]) => ({ containers: names.map((name) => ({ name, image: `${name}:1` })) });

  test('merges containers by name and their variables by name', () => {
    const target = {
      containers: [
        {
          name: 'a',
          image: 'a:1',
          env: [
            { name: 'X', value: '1' },
            { name: 'Y', value: '2' },
          ],
        },
        { name: 'b', image: 'b:1' },
      ],
    };
    const patch = { containers: [{ name: 'a', env: [{ name: 'Y', value: '3' }] }] };
    expect(strategicMergePatch(target, patch, podSpec)).toEqual({
      containers: [
        {
          name: 'a',
          image: 'a:1',
          env: [
            { name: 'X', value: '1' },
            { name: 'Y', value: '3' },
          ],
        },
        { name: 'b', image: 'b:1' },
      ],
    });
  });

  test('deletes, replaces and orders as its directives say', () => {
    expect(
      strategicMergePatch(containers('a', 'b'), { containers: [{ name: 'a', $patch: 'delete' }] }, podSpec),
    ).toEqual(containers('b'));
    expect(
      strategicMergePatch(
        containers('a', 'b'),
        { containers: [{ $patch: 'replace' }, { name: 'c', image: 'c:1' }] },
        podSpec,
      ),
    ).toEqual(containers('c'));
    expect(
      strategicMergePatch(
        containers('a', 'b'),
        { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
        podSpec,
      ),
    ).toEqual(containers('b', 'a'));
    expect(
      strategicMergePatch({ nodeSelector: { a: '1' } }, { nodeSelector: { $patch: 'replace', b: '2' } }, podSpec),
    ).toEqual({ nodeSelector: { b: '2' } });
  });

  test('merges taints by key, and replaces lists that have no merge key', () => {
    const target = { taints: [{ key: 'a', effect: 'NoSchedule' }], podCIDRs: ['1'] };
    const patch = { taints: [{ key: 'b', effect: 'NoExecute' }] };
    // Taints declare no merge key in the API's types: the whole list is replaced.
    expect(strategicMergePatch(target, patch, nodeSpec)).toEqual({
      taints: [{ key: 'b', effect: 'NoExecute' }],
      podCIDRs: ['1'],
    });
    expect(strategicMergePatch({ tolerations: [{ key: 'a' }] }, { tolerations: [{ key: 'b' }] }, podSpec)).toEqual({
      tolerations: [{ key: 'b' }],
    });
  });

  test('a list item without its merge key is refused with 500', () => {
    expect(() => strategicMergePatch(containers('a'), { containers: [{ image: 'x' }] }, podSpec)).toThrow(
      expect.objectContaining({ status: expect.objectContaining({ code: 500 }) }),
    );
  });

  test('every container of the patch and of the target is there once, and a second time changes nothing', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const list = fc.uniqueArray(fc.record({ name, image: fc.string({ maxLength: 3 }) }), {
      selector: (item) => item.name,
      maxLength: 5,
    });
    fc.assert(
      fc.property(list, list, (held, given) => {
        const before = copy(held);
        const once = strategicMergePatch({ containers: held }, { containers: given }, podSpec);
        const names = (Array.isArray(once.containers) ? once.containers : []).map((item) => item.name);
        expect(new Set(names)).toEqual(new Set([...held, ...given].map((item) => item.name)));
        expect(names.length).toBe(new Set(names).size);
        expect(strategicMergePatch(once, { containers: given }, podSpec)).toEqual(once);
        expect(held).toEqual(before);
      }),
    );
  });
});

test('what is the same stays the same under copying, and a null says as much as nothing', () => {
  fc.assert(
    fc.property(document, (value) => {
      expect(same(value, copy(value))).toBe(true);
    }),
  );
  expect(same({ a: null, b: 1 }, { b: 1 })).toBe(true);
  expect(same({ a: 0 }, {})).toBe(false);
});
