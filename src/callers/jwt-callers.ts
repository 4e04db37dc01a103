import { errors, jwtVerify, decodeJwt } from 'jose';
import type { AuthSettings } from '../config/auth-settings.ts';
import { type Authenticate, callerNamed } from './caller.ts';
import { keySet } from './key-set.ts';

/** Signatures that only the issuer can make: none that is made with what verifies it. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** Between this clock and the issuer's, for tokens that are just made. What has expired has expired. */
const clockToleranceSeconds = 5;

/** Whether a token says that it is of that issuer; nothing of it is verified. */
export function isOfIssuer(token: string, issuer: string): boolean {
  try {
    return decodeJwt(token).iss === issuer;
  } catch {
    return false;
  }
}

/** Callers by a JSON web token of an OpenID Connect issuer. */
export function jwtCallers(
  jwt: AuthSettings['jwt'] & { issuer: string; audience: string; jwks_url: string },
  now: () => Date,
): Authenticate {
  const keys = keySet(jwt.jwks_url, now);
  return async (token) => {
    const moment = now();
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: jwt.issuer,
        audience: jwt.audience,
        algorithms,
        requiredClaims: ['exp'],
        currentDate: moment,
        clockTolerance: clockToleranceSeconds,
      });
      if (!payload.exp || payload.exp * 1000 <= moment.getTime()) return undefined;
      const listed = payload[jwt.groups_claim];
      const groups = Array.isArray(listed) ? listed : [listed];
      // No issuer but the API server says who is in Kubernetes' own groups.
      const own = groups.filter((group) => typeof group === 'string' && !group.startsWith('system:'));
      return callerNamed(jwt.name_prefix, payload[jwt.name_claim], { groups: own });
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  };
}
