import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSecretName, redact } from '../../src/telemetry/redact.ts';
import { redactText } from '../../src/telemetry/redact-text.ts';

const secret = fc.stringMatching(/^[A-Za-z0-9]{12,40}$/).map((text) => `Zq9${text}`);
const secretName = fc.constantFrom(
  'password',
  'DB_PASSWORD',
  'apiKey',
  'api_key',
  'token',
  'accessToken',
  'Authorization',
  'client_secret',
  'client-key-data',
  'Set-Cookie',
);

describe('texts', () => {
  test.each([
    ['postgres://u:hunter2@db/x failed', 'postgres://u:[redacted]@db/x failed'],
    ['https://h/a?token=abc&x=1', 'https://h/a?token=[redacted]&x=1'],
    ['Authorization: Bearer abc.def-123', 'Authorization: [redacted]'],
    ['with bearer abcdefghijklmnop1234', 'with bearer [redacted]'],
    ['password: "a b", user: me', 'password: [redacted], user: me'],
    ['{"db_password":"hunter2","port":1}', '{"db_password":[redacted],"port":1}'],
    ['MY_API_KEY=xyz go', 'MY_API_KEY=[redacted] go'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- end', '[redacted] end'],
    ['got eyJhbGciOiJ.eyJzdWIiOiI.SflKxwRJ here', 'got [redacted] here'],
    ['ax://u:password=x://v:"@ is one secret in another', 'ax://u:[redacted]@ is one secret in another'],
  ])('%j becomes %j', (text, expected) => {
    expect(redactText(text)).toBe(expected);
  });

  test.each([
    'Deployment production/web-server was scaled from 2 to 3',
    'https://10.0.0.1:6443/api/v1/namespaces/shop/pods?limit=500',
    'the token review took 3 ms',
    'secretName db-credentials, image registry.example/app:v1@sha256:0123',
    'basic checks passed',
  ])('%j stays', (text) => {
    expect(redactText(text)).toBe(text);
  });

  test('are read in one pass, however long', () => {
    const started = performance.now();
    for (const piece of [
      'a',
      'a_',
      'eyJ',
      'password ',
      'password: ',
      '-----BEGIN PRIVATE KEY-----',
      'x://a:',
      '"\\',
      'token="\\',
      ' bearer',
    ])
      redactText(piece.repeat(50_000));

    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

describe('names', () => {
  test.each([
    'password',
    'userPassword',
    'DB_PASSWORD',
    'token',
    'tokens',
    'Authorization',
    'x-api-key',
    'routing_key',
    'client-key-data',
    'credentials',
  ])('%s is a secret', (name) => {
    expect(isSecretName(name)).toBe(true);
  });

  test.each([
    'secretName',
    'secretKeyRef',
    'tokenReview',
    'token_expired',
    'imagePullSecret_count',
    'key',
    'idempotency_key',
    'passwordless',
    'name',
  ])('%s is none', (name) => {
    expect(isSecretName(name)).toBe(false);
  });
});

describe('objects', () => {
  test('the data of a Secret goes, its keys stay', () => {
    const given = {
      kind: 'Secret',
      metadata: {
        name: 'db',
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"p":"c2VjcmV0"}}' },
      },
      data: { p: 'c2VjcmV0' },
      type: 'Opaque',
    };

    expect(redact(given)).toEqual({
      kind: 'Secret',
      metadata: { name: 'db', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '[redacted]' } },
      data: { p: '[redacted]' },
      type: 'Opaque',
    });
  });

  test('so does that in a list of Secrets, in a change to one, and in a JSON patch of one', () => {
    expect(redact({ kind: 'SecretList', items: [{ data: { a: 'x' } }] })).toEqual({
      kind: 'SecretList',
      items: [{ data: { a: '[redacted]' } }],
    });
    expect(redact({ target: { kind: 'Secret', name: 'a' }, body: { stringData: { a: 'x' } } })).toEqual({
      target: { kind: 'Secret', name: 'a' },
      body: { stringData: { a: '[redacted]' } },
    });
    expect(
      redact({
        object: { kind: 'Secret' },
        patch: [
          { op: 'add', path: '/data/a', value: 'x' },
          { op: 'add', path: '/metadata/labels/a', value: 'x' },
        ],
      }),
    ).toMatchObject({
      patch: [{ value: '[redacted]' }, { value: 'x' }],
    });
  });

  test('a ConfigMap keeps its data', () => {
    expect(redact({ kind: 'ConfigMap', data: { mode: 'fast' } })).toEqual({
      kind: 'ConfigMap',
      data: { mode: 'fast' },
    });
  });

  test('a variable of a container that is named like a secret loses its value', () => {
    const env = [
      { name: 'DB_PASSWORD', value: 'hunter2' },
      { name: 'MODE', value: 'fast' },
      { name: 'API_TOKEN', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } },
    ];

    expect(redact(env)).toEqual([{ name: 'DB_PASSWORD', value: '[redacted]' }, env[1], env[2]]);
  });

  test('what is no JSON becomes JSON', () => {
    const circular: Record<string, unknown> = { at: new Date(0), big: 1n, bytes: new Uint8Array(3) };
    circular.self = circular;

    expect(redact(circular)).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      big: '1',
      bytes: '[3 bytes]',
      self: '[circular]',
    });
  });
});

describe('whatever the value', () => {
  test('twice is as good as once, and the value itself is not changed', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const before = JSON.stringify(value);
        const once = redact(value);

        expect(redact(once)).toEqual(once);
        expect(JSON.stringify(value)).toBe(before);
      }),
    );
  });

  test('texts too are done after one time', () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'password',
        'token',
        '=',
        ': ',
        '"',
        "'",
        ' ',
        'bearer ',
        'x://u:',
        '@',
        'eyJabcdef.abcdefg',
        '[redacted]',
        '\\',
        '-----BEGIN PRIVATE KEY-----',
      ),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const once = redactText(parts.join(''));

        expect(redactText(once)).toBe(once);
      }),
      { numRuns: 20_000 },
    );
  });

  test('plain values come back as they are', () => {
    const plain = fc.dictionary(
      fc.stringMatching(/^[a-z]{1,5}$/),
      fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.stringMatching(/^[a-z ]{0,20}$/)),
    );
    fc.assert(
      fc.property(plain, (value) => {
        fc.pre(Object.keys(value).every((key) => !isSecretName(key)));

        expect(redact(value)).toEqual(value);
      }),
    );
  });

  test('a secret under a secret name is never to be found, however deep', () => {
    fc.assert(
      fc.property(
        secretName,
        secret,
        fc.array(fc.constantFrom('a', 'list', 'spec'), { maxLength: 8 }),
        (name, hidden, path) => {
          const value = path.reduce<unknown>((inner, key) => (key === 'list' ? [inner] : { [key]: inner }), {
            [name]: hidden,
            other: 1,
          });

          expect(JSON.stringify(redact(value))).not.toContain(hidden);
        },
      ),
    );
  });

  test('a secret inside a text of a known form is never to be found', () => {
    const form = fc.constantFrom(
      (hidden: string) => `postgres://me:${hidden}@db:5432/x`,
      (hidden: string) => `Authorization: Bearer ${hidden}`,
      (hidden: string) => `curl -H "Authorization: Basic ${hidden}" https://h`,
      (hidden: string) => `DB_PASSWORD=${hidden}`,
      (hidden: string) => `{"client_secret": "${hidden}"}`,
      (hidden: string) => `api-key: '${hidden}'`,
      (hidden: string) => `https://h/hook?access_token=${hidden}&a=b`,
    );
    fc.assert(
      fc.property(form, secret, fc.stringMatching(/^[a-z ]{0,20}$/), (make, hidden, around) => {
        expect(redactText(`${around} ${make(hidden)} ${around}`)).not.toContain(hidden);
      }),
    );
  });
});
