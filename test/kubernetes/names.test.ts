import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  containerNameFault,
  labelKeyFault,
  labelValueFault,
  nameFault,
  namespaceFault,
  pathSegmentFault,
} from '../../src/kubernetes/names.ts';

describe('nameFault', () => {
  test.each(['web', 'web-server', 'web.example.com', '0', 'a'.repeat(253)])('%s is a name', (name) => {
    expect(nameFault(name)).toBeUndefined();
  });

  test.each([
    '',
    'Web',
    '-web',
    'web-',
    'web..a',
    '.web',
    'web_1',
    'web server',
    'wéb',
    'a/b',
    '../etc',
    'web\n',
    'a'.repeat(254),
  ])('%j is none', (name) => {
    expect(nameFault(name)).toBeTypeOf('string');
  });

  test('the sentence says what is wrong and what is allowed', () => {
    expect(nameFault('Web Server')).toBe(
      '"Web Server" is not a valid name: lower-case letters, digits, "-" and "." are allowed, each part between dots beginning and ending with a letter or digit',
    );
    expect(nameFault('a'.repeat(300))).toMatch(/^"a{77}\.\.\." is too long: at most 253 characters are allowed$/);
    expect(nameFault('')).toBe('must not be empty');
  });

  test('a name passes exactly when each of its parts is a label of any length', () => {
    const alphabet = fc.string({ unit: fc.constantFrom('a', '0', '-', '.', 'B', '_'), maxLength: 8 });
    fc.assert(
      fc.property(alphabet, (name) => {
        const expected = name
          .split('.')
          .every((part) => /^[a-z0-9]/.test(part) && /[a-z0-9]$/.test(part) && !/[^a-z0-9-]/.test(part));

        expect(nameFault(name) === undefined).toBe(expected);
      }),
    );
  });

  test('takes no longer for a long text of dashes', () => {
    const started = performance.now();
    nameFault(`${'a-'.repeat(100_000)}!`);
    labelValueFault(`${'a-'.repeat(100_000)}!`);

    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('namespaceFault and containerNameFault', () => {
  test('a label has no dots and 63 characters at most', () => {
    expect(namespaceFault('production')).toBeUndefined();
    expect(containerNameFault('app-1')).toBeUndefined();
    expect(namespaceFault('a.b')).toBeTypeOf('string');
    expect(namespaceFault('a'.repeat(64))).toContain('at most 63');
  });
});

describe('pathSegmentFault', () => {
  test('takes what RBAC takes, and nothing that leaves its segment', () => {
    expect(pathSegmentFault('system:node')).toBeUndefined();
    for (const name of ['', '.', '..', 'a/b', 'a%2fb', 'a\u0000', 'a\r\nb'])
      expect(pathSegmentFault(name)).toBeTypeOf('string');
  });
});

describe('labelKeyFault and labelValueFault', () => {
  test.each(['app', 'App_1.x', 'executor.kubernaut.io/protected', 'a/b'])('%s is a key', (key) => {
    expect(labelKeyFault(key)).toBeUndefined();
  });

  test.each(['', '/', 'a/', '/a', 'a/b/c', 'Upper.Case/x', 'a b', 'a:b', `x/${'a'.repeat(64)}`])(
    '%j is no key',
    (key) => {
      expect(labelKeyFault(key)).toBeTypeOf('string');
    },
  );

  test('a value has no colon and 63 characters at most; empty is allowed', () => {
    expect(labelValueFault('')).toBeUndefined();
    expect(labelValueFault('2026-01-01_10.00')).toBeUndefined();
    expect(labelValueFault('10:00')).toContain('is not a valid label value');
    expect(labelValueFault('a'.repeat(64))).toContain('at most 63');
    expect(labelValueFault('-a')).toBeTypeOf('string');
  });
});
