import { textOf } from './text-of.ts';

/** A whole number from 0 to below the bound, each as likely. */
export type Draw = (below: number) => number;

/**
 * A random value to take the place of a secret's: as long, and of the same alphabet. What is hexadecimal, base64 or a UUID
 * stays so, the white space around it stays, binary stays binary; anything else is drawn from the character classes
 * seen. Never the old value. Not for what `whyIrreplaceable` has something against.
 */
export function replacementFor(value: Uint8Array, draw: Draw = drawn): Uint8Array {
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const fresh = drawLike(value, draw);
    if (!sameBytes(fresh, value)) return fresh;
  }
  throw new Error('A value has nothing in it that could be replaced');
}

const mostAttempts = 1_000;

function drawLike(value: Uint8Array, draw: Draw): Uint8Array {
  const text = textOf(value);
  if (text === undefined) return bytes(value.length, draw);
  const core = text.trim();
  const start = text.indexOf(core);
  const around = [text.slice(0, start), text.slice(start + core.length)] as const;
  return new TextEncoder().encode(around[0] + drawText(core, draw) + around[1]);
}

function drawText(core: string, draw: Draw): string {
  if (uuid.test(core)) return drawUuid(core, draw);
  if (/^[0-9a-f]{8,}$/.test(core) && isMixed(core)) return pick(core, '0123456789abcdef', draw);
  if (/^[0-9A-F]{8,}$/.test(core) && isMixed(core)) return pick(core, '0123456789ABCDEF', draw);
  if (isBase64(core)) return base64(bytes(atob(core).length, draw));
  return drawByClasses(core, draw);
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function drawUuid(core: string, draw: Draw): string {
  const fresh = core.replaceAll(/[0-9a-f]/gi, () => draw(16).toString(16));
  const versioned = `${fresh.slice(0, 14)}4${fresh.slice(15, 19)}${'89ab'[draw(4)]}${fresh.slice(20)}`;
  return core === core.toUpperCase() ? versioned.toUpperCase() : versioned;
}

/** Digits alone are a number, and letters alone a word, before they are hexadecimal. */
function isMixed(core: string): boolean {
  return /\d/.test(core) && /[a-f]/i.test(core);
}

/** Letters and digits alone would be base64 too: it is the signs and the padding that tell. */
function isBase64(core: string): boolean {
  return core.length >= 16 && core.length % 4 === 0 && /[+/=]/.test(core) && /^[A-Za-z0-9+/]+={0,2}$/.test(core);
}

function base64(value: Uint8Array): string {
  return btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join(''));
}

const classes = [
  { pattern: /[a-z]/, characters: 'abcdefghijklmnopqrstuvwxyz' },
  { pattern: /[A-Z]/, characters: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ' },
  { pattern: /[0-9]/, characters: '0123456789' },
];

/**
 * Of signs only those that were there are drawn: others may mean something to whoever reads the value. Each class that was
 * seen is seen again, as rules for passwords ask; and where the value began or ended with a letter or a digit, it does again.
 */
function drawByClasses(core: string, draw: Draw): string {
  const seen = classes.filter(({ pattern }) => pattern.test(core));
  const plain = seen.map(({ characters }) => characters).join('');
  const signs = [...new Set(core)].filter((character) => !/[A-Za-z0-9]/.test(character)).join('');
  const old = Array.from(core);
  const fits = (fresh: string[]) =>
    seen.every(({ pattern }) => fresh.some((character) => pattern.test(character))) &&
    (signs === '' || fresh.some((character) => signs.includes(character))) &&
    [0, -1].every((end) => !plain.includes(old.at(end) ?? '') || plain.includes(fresh.at(end) ?? ''));
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const fresh = Array.from(pick(core, plain + signs, draw));
    if (fits(fresh)) return fresh.join('');
  }
  // A long tail of chance: each character by one of its own class.
  return old
    .map((character) =>
      pick(character, classes.find(({ pattern }) => pattern.test(character))?.characters ?? signs, draw),
    )
    .join('');
}

/** As many characters as the text has, each from the alphabet. */
function pick(text: string, alphabet: string, draw: Draw): string {
  const characters = Array.from(alphabet);
  return Array.from(text, () => characters[draw(characters.length)] ?? '').join('');
}

function bytes(length: number, draw: Draw): Uint8Array {
  return Uint8Array.from({ length }, () => draw(256));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

const range = 2 ** 32;

/** From the platform's cryptographic source; what would make low numbers likelier is drawn again. */
function drawn(below: number): number {
  const most = range - (range % below);
  for (;;) {
    const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
    if (number < most) return number % below;
  }
}
