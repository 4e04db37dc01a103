import type { Fault } from './fault.ts';
import type { GivenValue } from './given-value.ts';
import { isLoopback } from './loopback.ts';
import { namesOfModes } from './auth-modes.ts';
import type { Settings } from './settings.ts';

/** What is wrong with who may call: no mode where others can reach the port, and modes that are only half there. */
export function authFaults({ service_host: host, auth }: Settings, given: ReadonlyMap<string, GivenValue>): Fault[] {
  const at = (path: string) => given.get(path)?.where ?? path;
  const faults: Fault[] = [];
  if (namesOfModes(auth).length === 0 && !isLoopback(host)) {
    faults.push({
      where: at('service_host'),
      problem: `executor.service_host is ${host}, which others can reach, and no mode of auth says who may call`,
      allowed: '127.0.0.1, or one of auth.token_review.enabled, auth.jwt and auth.tokens',
    });
  }
  const parts = ['issuer', 'audience', 'jwks_url'] as const;
  const missing = parts.filter((part) => !auth.jwt[part]);
  if (missing.length > 0 && missing.length < parts.length) {
    const there = parts.find((part) => auth.jwt[part]) ?? 'issuer';
    faults.push({
      where: at(`auth.jwt.${there}`),
      problem: `executor.auth.jwt has no ${missing.join(' and no ')}`,
      allowed: 'issuer, audience and jwks_url together',
    });
  }
  for (const [what, of] of [
    ['name', auth.tokens.map(({ name }) => name)],
    ['hash', auth.tokens.map(({ hash }) => hash)],
  ] as const) {
    const twice = of.findIndex((value, index) => of.indexOf(value) < index);
    if (twice < 0) continue;
    faults.push({
      where: at('auth.tokens'),
      problem: `executor.auth.tokens.${twice} has the ${what} of another`,
      allowed: `each ${what} once`,
    });
  }
  return faults;
}
