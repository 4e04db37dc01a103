import type { AuthSettings } from '../config/auth-settings.ts';
import { namesOfModes } from '../config/auth-modes.ts';
import type { Server } from './asked-of-server.ts';
import type { Authenticate } from './caller.ts';
import { isOfIssuer, jwtCallers } from './jwt-callers.ts';
import { reviewedTokens } from './reviewed-tokens.ts';
import { staticTokens } from './static-tokens.ts';

/** Who a token belongs to, by whichever mode is on; undefined where authentication is off. */
export function authenticator({ tokens, jwt, token_review }: AuthSettings, server: Server): Authenticate | undefined {
  if (namesOfModes({ tokens, jwt, token_review }).length === 0) return undefined;
  const { issuer, audience, jwks_url } = jwt;
  const byHash = staticTokens(tokens, server.now);
  const byJwt =
    issuer && audience && jwks_url ? jwtCallers({ ...jwt, issuer, audience, jwks_url }, server.now) : undefined;
  const byReview = token_review.enabled ? reviewedTokens(server, token_review) : undefined;
  return async (token) => {
    const caller = await byHash(token);
    if (caller) return caller;
    // What says that it is of the issuer is shown to nobody else.
    if (byJwt && issuer && isOfIssuer(token, issuer)) return await byJwt(token);
    return await byReview?.(token);
  };
}
