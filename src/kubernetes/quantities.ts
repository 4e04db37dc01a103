/**
 * An amount of a resource, exact to the nano: `nano` is the value times 10^9. Compare, add and subtract it as it is.
 * `notation` is how it was written, so that it can be written so again.
 */
export interface Quantity {
  readonly nano: bigint;
  readonly notation: 'decimal' | 'binary' | 'exponent';
}

/**
 * Reads a Kubernetes quantity: `1.5Gi`, `100m`, `1k`, `1e3`, `0.1`. Undefined for what the API server would refuse, and
 * for what it would take for something else: above 2^63-1 (it cuts), or without a digit (`Ki` is 0 to it). Digits below
 * the nano are rounded away from zero, as there.
 */
export function parseQuantity(text: string): Quantity | undefined {
  const match = text.length <= longestText ? quantityPattern.exec(text) : null;
  if (!match) return undefined;
  const { sign, integer = '', fraction = '', suffix = '', exponent } = match.groups ?? {};
  if (integer === '' && fraction === '') return undefined;

  const notation = exponent !== undefined ? 'exponent' : suffix.endsWith('i') ? 'binary' : 'decimal';
  const power = exponent !== undefined ? Number(exponent) : (decimalPowers[suffix] ?? 0);
  if (Math.abs(power) > largestPower) return undefined;

  const digits = BigInt(integer + fraction) * (binaryFactors[suffix] ?? 1n);
  const magnitude = scaled(digits, power + nanoDigits - fraction.length);
  if (magnitude > largestNano) return undefined;
  return { nano: sign === '-' ? -magnitude : magnitude, notation };
}

/** Negative, zero or positive, like every comparison. Throws a RangeError for a text that is no quantity. */
export function compareQuantities(left: string, right: string): number {
  const difference = quantityOf(left).nano - quantityOf(right).nano;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/**
 * In the canonical form of the API server: no fraction, the largest unit that leaves none, and the notation that it came in
 * (`1536Mi`, `1500m`, `1e3`). A binary quantity below 1024, or with a fraction of a byte, is written in decimal.
 */
export function formatQuantity({ nano, notation }: Quantity): string {
  if (nano === 0n) return '0';
  if (notation === 'binary' && nano % one === 0n && (nano >= 1024n * one || nano <= -1024n * one))
    return formatBinary(nano);
  const [digits, power] = withoutZeros(nano);
  if (notation === 'exponent') return power === 0 ? `${digits}` : `${digits}e${power}`;
  return `${digits}${decimalSuffixes[power] ?? ''}`;
}

const longestText = 64;
const nanoDigits = 9;
const one = 10n ** 9n;
const largestNano = (2n ** 63n - 1n) * one;
/** 10^18 is the largest that fits; below 10^-40 nothing is left of 64 digits. */
const largestPower = 100;

const quantityPattern =
  /^(?<sign>[+-]?)(?<integer>\d*)(?:\.(?<fraction>\d*))?(?:(?<suffix>[numkMGTPE]|[KMGTPE]i)|[eE](?<exponent>[+-]?\d{1,9}))?$/;

const decimalPowers: Record<string, number> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const decimalSuffixes: Record<number, string> = Object.fromEntries(
  Object.entries(decimalPowers).map(([suffix, power]) => [power, suffix]),
);
const binarySuffixes = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const binaryFactors: Record<string, bigint> = Object.fromEntries(
  binarySuffixes.map((suffix, index) => [suffix, 1024n ** BigInt(index + 1)]),
);

/** `digits` times ten to the power, rounded up. */
function scaled(digits: bigint, power: number): bigint {
  if (power >= 0) return digits * 10n ** BigInt(power);
  const divisor = 10n ** BigInt(-power);
  return (digits + divisor - 1n) / divisor;
}

/** The unit's power of ten, a multiple of three from nano to exa, and how many of that unit it is. */
function withoutZeros(nano: bigint): [digits: bigint, power: number] {
  let digits = nano;
  let power = -nanoDigits;
  while (power < 18 && digits % 1000n === 0n) {
    digits /= 1000n;
    power += 3;
  }
  return [digits, power];
}

function formatBinary(nano: bigint): string {
  let digits = nano / one;
  let unit = 0;
  while (unit < binarySuffixes.length && digits % 1024n === 0n) {
    digits /= 1024n;
    unit++;
  }
  return `${digits}${binarySuffixes[unit - 1] ?? ''}`;
}

function quantityOf(text: string): Quantity {
  const quantity = parseQuantity(text);
  if (!quantity) throw new RangeError(`"${text}" is no quantity; write a number with a unit, such as 500m, 2 or 1.5Gi`);
  return quantity;
}
