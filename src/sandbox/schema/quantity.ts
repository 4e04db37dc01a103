/** What a quantity says, in billionths (the finest that Kubernetes keeps), and the family of suffixes that it was written with. */
interface Quantity {
  nano: bigint;
  family: 'decimal' | 'binary' | 'exponent';
}

const NANO = 1_000_000_000n;
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** The one way the API server writes a quantity (`1000m` is `1`, `0.5` is `500m`, `1.5Gi` is `1536Mi`); undefined where it is none. */
export function canonicalQuantity(text: string): string | undefined {
  const parsed = parse(text);
  if (!parsed) return undefined;
  if (parsed.nano === 0n) return '0';
  const negative = parsed.nano < 0n;
  const size = negative ? -parsed.nano : parsed.nano;
  return (negative ? '-' : '') + (parsed.family === 'binary' ? binary(size) : decimal(size, parsed.family));
}

/** The value in billionths, for comparing. Undefined where the text is no quantity. */
export function quantityNano(text: string): bigint | undefined {
  return parse(text)?.nano;
}

function parse(text: string): Quantity | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d{1,2})|(m|u|n|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei))?$/.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', exponent, suffix = ''] = match;
  // A dot or a suffix alone is 0, odd as it is; nothing at all is no quantity.
  if (text === '') return undefined;
  const digits = BigInt(`${whole}${fraction}` || '0');
  const power = exponent
    ? Number(exponent.slice(1))
    : 3 * Math.max(DECIMAL.indexOf(suffix) - 3, suffix && !suffix.endsWith('i') ? -3 : 0);
  const binaryFactor = suffix.endsWith('i') ? 1024n ** BigInt(BINARY.indexOf(suffix) + 1) : 1n;
  const shift = 9 - fraction.length + power;
  const scaled = digits * binaryFactor * (shift >= 0 ? 10n ** BigInt(shift) : 1n);
  // Finer than a billionth rounds up, away from zero.
  const divisor = shift < 0 ? 10n ** BigInt(-shift) : 1n;
  const nano = (scaled + divisor - 1n) / divisor;
  return {
    nano: sign === '-' ? -nano : nano,
    family: exponent ? 'exponent' : suffix.endsWith('i') ? 'binary' : 'decimal',
  };
}

function decimal(nano: bigint, family: 'decimal' | 'exponent'): string {
  let value = nano;
  let step = 0;
  while (value % 1000n === 0n && step < DECIMAL.length - 1) {
    value /= 1000n;
    step += 1;
  }
  if (family === 'decimal') return `${value}${DECIMAL[step]}`;
  return step === 3 ? `${value}` : `${value}e${3 * (step - 3)}`;
}

function binary(nano: bigint): string {
  // A fraction of a byte can't be told in binary suffixes; below 1024 the decimal ones are used.
  if (nano % NANO !== 0n || nano < 1024n * NANO) return decimal(nano, 'decimal');
  let value = nano / NANO;
  let suffix = '';
  for (const next of BINARY) {
    if (value % 1024n !== 0n) break;
    value /= 1024n;
    suffix = next;
  }
  return `${value}${suffix}`;
}
