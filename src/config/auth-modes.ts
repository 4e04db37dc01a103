import type { AuthSettings } from './auth-settings.ts';

/** The ways in which callers are known, as they are switched on; none: whoever reaches the port may act. */
export function namesOfModes({
  tokens,
  jwt,
  token_review,
}: Pick<AuthSettings, 'tokens' | 'jwt' | 'token_review'>): ('tokens' | 'jwt' | 'token_review')[] {
  return [
    ...(tokens.length > 0 ? (['tokens'] as const) : []),
    ...(jwt.issuer && jwt.audience && jwt.jwks_url ? (['jwt'] as const) : []),
    ...(token_review.enabled ? (['token_review'] as const) : []),
  ];
}
