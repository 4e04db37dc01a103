import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod';
import { Refusal } from '../actions/refusal.ts';

const patienceMs = 3_000;
/** Known keys are looked at again when they are older; one that is taken away counts no longer than that. */
const oldMs = 25_000;
/** An unknown key makes them be fetched at once, but not more often than that, whatever tokens come. */
const pauseMs = 5_000;
const largestBytes = 1024 * 1024;

const KeySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/**
 * The keys of an issuer. Those that are known go on where it is away; a new one counts as soon as a token that it has signed
 * comes, at the latest half a minute later.
 */
export function keySet(url: string, now: () => Date): JWTVerifyGetKey {
  let known: { find: ReturnType<typeof createLocalJWKSet>; sinceMs: number } | undefined;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;
  return async (header, token) => {
    if (!known || performance.now() - known.sinceMs > oldMs) await refresh();
    if (!known) throw away(url, now());
    try {
      return await known.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await refresh();
      return await known.find(header, token);
    }
  };

  async function refresh(): Promise<void> {
    if (asking) return await asking;
    const nowMs = performance.now();
    if (known && nowMs - askedAtMs < pauseMs) return;
    askedAtMs = nowMs;
    asking = fetched(url)
      .then(
        (keys) => void (known = { find: createLocalJWKSet(keys), sinceMs: performance.now() }),
        () => undefined,
      )
      .finally(() => (asking = undefined));
    await asking;
  }
}

async function fetched(url: string): Promise<JSONWebKeySet> {
  const response = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(patienceMs),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const text = await response.text();
  if (text.length > largestBytes) throw new Error(`${url} answered more than ${largestBytes} bytes`);
  return KeySet.parse(JSON.parse(text));
}

function away(url: string, now: Date): Refusal {
  return new Refusal('service_unavailable', `The keys of the token's issuer can't be had from ${url}`, {
    retryAt: new Date(now.getTime() + pauseMs),
    hint: 'Try again at retry_at; look whether auth.jwt.jwks_url can be reached from here',
  });
}
