import { createHash } from 'node:crypto';
import type { AuthSettings } from '../config/auth-settings.ts';
import { type Authenticate, callerNamed } from './caller.ts';

/**
 * Callers by the hash of their token. It is looked up by the hash of what was sent: how long that takes tells nothing of
 * the token.
 */
export function staticTokens(tokens: AuthSettings['tokens'], now: () => Date): Authenticate {
  const byHash = new Map(tokens.map((token) => [token.hash, token]));
  return async (sent) => {
    const token = byHash.get(`sha256:${createHash('sha256').update(sent).digest('hex')}`);
    if (!token || (token.expires_at !== undefined && now() >= new Date(token.expires_at))) return undefined;
    return callerNamed('static:', token.name, {});
  };
}
