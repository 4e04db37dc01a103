import { textOf } from './text-of.ts';

/**
 * Why random characters may not take the place of a secret's value, to be read after "key x"; undefined where they may.
 * Says what sort of thing the value is, never any of it.
 */
export function whyIrreplaceable(value: Uint8Array): string | undefined {
  if (value.length === 0) return 'is empty';
  const text = textOf(value);
  if (text === undefined) return held(formats.find(([starts]) => starts(value))?.[1]);
  const core = text.trim();
  if (core === '') return 'holds nothing but white space';
  const what = structures.find(([looks]) => looks(core))?.[1];
  if (what) return held(what);
  if (new Set(core).size === 1 && !/[A-Za-z0-9]/.test(core))
    return 'has no character that another could take the place of';
  return encoded(core);
}

function held(what: string | undefined): string | undefined {
  return what && `holds ${what}`;
}

/** A key or a document is often kept in base64 once more. */
function encoded(core: string): string | undefined {
  if (core.length < 24 || core.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(core)) return undefined;
  const inner = Uint8Array.from(atob(core), (character) => character.charCodeAt(0));
  const what = textOf(inner) === undefined ? formats.find(([starts]) => starts(inner))?.[1] : documentIn(inner);
  return what && `holds ${what}, in base64`;
}

function documentIn(value: Uint8Array): string | undefined {
  const core = textOf(value)?.trim() ?? '';
  return documents.find(([looks]) => looks(core))?.[1];
}

type Recognised<T> = readonly (readonly [looks: (value: T) => boolean, what: string])[];

/** What another program parses as a whole. */
const documents: Recognised<string> = [
  [matches(/^-----BEGIN /), 'a PEM block, such as a certificate or a key'],
  [isJson, 'a JSON document'],
  [matches(/[\r\n]/), 'a text of several lines'],
  [matches(/^[a-z][a-z0-9+.-]*:(?:[a-z0-9+.-]+:)*\/\//i), 'a URL'],
];

const structures: Recognised<string> = [
  ...documents,
  [matches(/^[A-Za-z][\w .-]*=[^=;]+(?:;\s*[A-Za-z][\w .-]*=[^=;]+)+;?$/), 'a connection string'],
  [matches(/^[A-Za-z]\w*=\S+(?:\s+[A-Za-z]\w*=\S+)+$/), 'a connection string'],
  [matches(/^[^\s:@/]+:[^\s@]+@(?:tcp\()?[\w.-]+(?::\d{2,5}|\/)/), 'a connection string'],
  [matches(/^(?:ssh-[a-z0-9]+|ecdsa-sha2-\S+) /), 'an SSH key'],
  [matches(/^eyJ[\w-]+\.[\w-]+\.[\w-]*$/), 'a signed token (JWT)'],
  [matches(/^(?:[^\s:]+:)?(?:\$(?:2[abxy]?|1|5|6|y|apr1|argon2\w*|scrypt)\$|\{S?SHA\d*\})/), 'the hash of a password'],
  [
    matches(
      /^(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|AKIA|ASIA|AIza|[rsp]k_(?:live|test)_|sk-|SG\.|npm_|pypi-|hvs\.)[\w.-]{12,}$/,
    ),
    'a token that another service issues',
  ],
  [matches(/^\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?$/), 'an address'],
  [matches(/^(?:[a-z0-9-]+\.)*[a-z0-9-]+:\d{2,5}$/), 'an address'],
  [matches(/^(?:[a-z0-9-]+\.)+[a-z]{2,}$/), 'the name of a host'],
  [matches(/^[a-z0-9._%+-]{2,}@(?:[a-z0-9-]+\.)+[a-z]{2,6}$/), 'an e-mail address'],
  [matches(/^(?:true|false|yes|no|on|off|null|none)$/i), 'a setting rather than a secret'],
];

const formats: Recognised<Uint8Array> = [
  [isDer, 'a DER structure, such as a key store or a certificate'],
  [startsWith(0xfe, 0xed, 0xfe, 0xed), 'a Java key store'],
  [startsWith(0x05, 0x02, 0x00, 0x00), 'a Kerberos key table'],
  [startsWith(0x1f, 0x8b, 0x08), 'a compressed file'],
  [startsWith(0x50, 0x4b, 0x03, 0x04), 'a compressed file'],
];

function matches(pattern: RegExp): (text: string) => boolean {
  return (text) => pattern.test(text);
}

function isJson(text: string): boolean {
  if (!/^[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function startsWith(...bytes: number[]): (value: Uint8Array) => boolean {
  return (value) => bytes.every((byte, index) => value[index] === byte);
}

/** A SEQUENCE whose length is that of the whole. */
function isDer(value: Uint8Array): boolean {
  const [tag, first = 0] = value;
  if (tag !== 0x30 || value.length < 8) return false;
  if (first < 0x80) return value.length === first + 2;
  const octets = first & 0x7f;
  const length = value.slice(2, 2 + octets).reduce((sum, byte) => sum * 256 + byte, 0);
  return octets > 0 && octets <= 4 && value.length === length + 2 + octets;
}
