/** What a caller would rather have (RFC 7240), as far as this service knows of it. */
export interface Preference {
  /** Not to wait for the end at all, or no longer than so. */
  async: { waitMs: number } | undefined;
  /** For `Preference-Applied`; undefined where none was. */
  applied: string | undefined;
}

/** A caller that wants to wait longer than a connection lives asks again. */
const longestWaitSeconds = 300;

/**
 * Reads `Prefer: respond-async, wait=10`. Of a preference that is given twice the first counts; what is not known, or
 * makes no sense, is as if it were not there, as the RFC asks.
 */
export function preferenceOf(header: string | undefined): Preference {
  const given = new Map<string, string>();
  for (const part of (header ?? '').split(',')) {
    const [name = '', value = ''] = (part.split(';')[0] ?? '').split('=').map((text) => text.trim());
    if (!given.has(name.toLowerCase())) given.set(name.toLowerCase(), value.replace(/^"(.*)"$/, '$1'));
  }
  const wait = given.get('wait');
  const seconds = wait !== undefined && /^\d{1,9}$/.test(wait) ? Number(wait) : undefined;
  const asked = [
    ...(given.has('respond-async') ? ['respond-async'] : []),
    ...(seconds === undefined ? [] : [`wait=${seconds}`]),
  ];
  if (asked.length === 0) return { async: undefined, applied: undefined };
  return { async: { waitMs: Math.min(seconds ?? 0, longestWaitSeconds) * 1_000 }, applied: asked.join(', ') };
}
