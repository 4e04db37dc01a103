const mark = '[redacted]';

/** What a secret looks like inside a text, and what is left of it. Each pattern reads its text in one pass. */
const patterns: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN ([A-Z0-9 ]{0,40})PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|$)/g, mark],
  // scheme://user:password@host
  [/\b([a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@?#]{0,256}):[^\s/?#]{1,512}@/gi, `$1:${mark}@`],
  // A header with whatever scheme; and a bearer token anywhere, where it is longer than a word of prose.
  [/(authorization["']?\s{0,4}[:=]\s{0,4}["']?)(?:[A-Za-z]{1,20} {1,4})?[^\s"',]+/gi, `$1${mark}`],
  [/\b(bearer)\s{1,4}[A-Za-z0-9._~+/=-]{16,}/gi, `$1 ${mark}`],
  // A JSON web token, which is also what a ServiceAccount has.
  [/\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?/g, mark],
  [/\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|AKIA|sk_live_|sk-)[A-Za-z0-9_-]{16,}/g, mark],
  [
    /((?:^|[^A-Za-z0-9])(?:[A-Za-z0-9_-]{0,40}[_-])?(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret)["']?\s{0,4}[:=]\s{0,4})(?:\[redacted\]|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s,;&"'}\])]+)/gi,
    `$1${mark}`,
  ],
];

/** One secret's going can show another, as a password before what is now a host; each round leaves less to find. */
const mostRounds = 10;

/**
 * The text without what looks like a secret: passwords in URLs, bearer tokens, private keys, `password=…` and its kin.
 * Doing it twice changes nothing more.
 */
export function redactText(text: string): string {
  let rest = text;
  for (let round = 0; round < mostRounds; round += 1) {
    const before = rest;
    for (const [pattern, replacement] of patterns) rest = rest.replace(pattern, replacement);
    if (rest === before) break;
  }
  return rest;
}
