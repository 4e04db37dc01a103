// No vowels and no digits that look like letters, as in the API server: no words come about.
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** Five characters for a generated name. */
export function randomSuffix(): string {
  return Array.from({ length: 5 }, () => ALPHABET[Math.floor(Math.random() * ALPHABET.length)]).join('');
}

/** The text's hash in the same alphabet: for names that must come out the same each time. */
export function hashSuffix(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return Array.from(String(hash), (digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join('');
}
