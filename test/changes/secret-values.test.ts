import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { replacementFor } from '../../src/changes/secrets/replacement-for.ts';
import { textOf } from '../../src/changes/secrets/text-of.ts';
import { whyIrreplaceable } from '../../src/changes/secrets/why-irreplaceable.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const replaced = (text: string) => textOf(replacementFor(bytes(text))) ?? '';
const classes = [/[a-z]/, /[A-Z]/, /[0-9]/];

describe('the value that takes the place of a secret', () => {
  test('is another one, as long, with every class of character that was seen and no other', () => {
    const printable = fc.string({
      unit: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(printable, (old) => {
        fc.pre(whyIrreplaceable(bytes(old)) === undefined);

        const fresh = replaced(old);

        expect(fresh).not.toBe(old);
        expect(fresh).toHaveLength(old.length);
        const signs = (text: string) => new Set(Array.from(text).filter((character) => !/[a-zA-Z0-9]/.test(character)));
        expect([...signs(fresh)].filter((sign) => !signs(old).has(sign) && !'+/='.includes(sign))).toEqual([]);
        const isEncoded = /^[A-Za-z0-9+/]{16,}={0,2}$/.test(old) || /^[0-9a-f-]{8,}$/i.test(old);
        if (!isEncoded)
          expect(classes.map((pattern) => pattern.test(fresh))).toEqual(classes.map((pattern) => pattern.test(old)));
        const isPlain = (character = '') => /[a-zA-Z0-9]/.test(character);
        if (!isEncoded && isPlain(old.at(0))) expect(isPlain(fresh.at(0))).toBe(true);
        if (!isEncoded && isPlain(old.at(-1))) expect(isPlain(fresh.at(-1))).toBe(true);
      }),
    );
  });

  test('is as many bytes where the old one is binary', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), (old) => {
        fc.pre(textOf(old) === undefined && whyIrreplaceable(old) === undefined);

        const fresh = replacementFor(old);

        expect(fresh).toHaveLength(old.length);
        expect([...fresh]).not.toEqual([...old]);
      }),
    );
  });

  test.for([
    ['digits', '482915', /^\d{6}$/],
    ['hexadecimal', 'deadbeef00112233', /^[0-9a-f]{16}$/],
    ['hexadecimal in capitals', 'DEADBEEF00112233', /^[0-9A-F]{16}$/],
    [
      'a UUID',
      '6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    ],
    [
      'a UUID in capitals',
      '6F9619FF-8B86-4D01-B42D-00CF4FC964FF',
      /^[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$/,
    ],
    ['base64 with its padding', 'q83vASNFZ4mrze8BI0Vnig==', /^[A-Za-z0-9+/]{22}==$/],
    ['what ends with a line end', 'hunter2hunter2\n', /^[a-z0-9]{14}\n$/],
    ['what stands between blanks', ' s3cret\r\n', /^ [a-z0-9]{6}\r\n$/],
    ['a name of the same shape', 'admin', /^[a-z]{5}$/],
  ] as const)('stays %s', ([, old, shape]) => {
    for (let round = 0; round < 50; round += 1) expect(replaced(old)).toMatch(shape);
    if (old.endsWith('==')) expect(atob(replaced(old))).toHaveLength(atob(old).length);
  });

  test('is each as likely: no character of the alphabet is missed in many draws', () => {
    const seen = new Set(Array.from({ length: 200 }, () => Array.from(replaced('aB3dE6gH9kL2nP5r'))).flat());

    expect(seen.size).toBe(62);
  });
});

describe('a value that random characters may not replace', () => {
  test.for([
    ['-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n', /PEM/],
    [btoa('-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----'), /PEM block.*in base64/],
    ['{"user":"a","password":"b"}', /JSON/],
    ['postgres://shop:hunter2@db.shop.svc:5432/shop', /URL/],
    ['jdbc:postgresql://db:5432/shop?user=a&password=b', /URL/],
    ['Server=db;Database=shop;User Id=a;Password=b', /connection string/],
    ['host=db user=shop password=hunter2', /connection string/],
    ['shop:hunter2@tcp(db:3306)/shop', /connection string/],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', /JWT/],
    ['ghp_0123456789abcdefghij0123456789abcdef', /another service/],
    ['admin:$2y$10$abcdefghijklmnopqrstuv', /hash/],
    ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me@here', /SSH/],
    ['db.shop.svc.cluster.local', /host/],
    ['db.shop.svc:5432', /address/],
    ['10.0.0.7', /address/],
    ['alerts@example.com', /e-mail/],
    ['true', /setting/],
    ['first\nsecond', /several lines/],
    ['---', /no character/],
    [' \n', /white space/],
    ['', /empty/],
  ] as const)('%s', ([value, why]) => {
    expect(whyIrreplaceable(bytes(value))).toMatch(why);
  });

  test('a key store in DER, and a compressed file', () => {
    expect(whyIrreplaceable(Uint8Array.of(0x30, 0x82, 0x00, 0x05, 1, 2, 3, 0x80, 0xff))).toMatch(/DER/);
    expect(whyIrreplaceable(Uint8Array.of(0x1f, 0x8b, 0x08, 0x00, 0xff))).toMatch(/compressed/);
  });

  test.for(['hunter2', 'S3cr3t!Passw0rd', 'correct horse battery staple', 'p@ss:w0rd', 'a=b', 'x'])(
    'but a password is none: %s',
    (value) => {
      expect(whyIrreplaceable(bytes(value))).toBeUndefined();
    },
  );
});
