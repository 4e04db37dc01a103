import { createHash, randomBytes } from 'node:crypto';

/** A caller of a test: a role in some namespaces, or none; or a token that was good once. */
export interface StaticCaller {
  role?: 'viewer' | 'operator' | 'approver' | 'admin';
  namespaces?: readonly string[];
  expired?: boolean;
  /** Characters of the token, 48 by default. */
  length?: number;
}

/** Callers by static tokens: the settings that make the service know them, and their tokens. */
export function staticCallers<Name extends string>(
  callers: Record<Name, StaticCaller>,
): { env: Record<string, string>; tokens: Record<Name, string> } {
  const tokens = tokensFor(callers);
  const names = Object.keys(callers).filter((name): name is Name => name in callers);
  return {
    tokens,
    env: {
      EXECUTOR_AUTH_TOKENS: JSON.stringify(
        names.map((name) => ({
          name,
          hash: `sha256:${createHash('sha256').update(tokens[name]).digest('hex')}`,
          ...(callers[name].expired ? { expires_at: '2020-01-01T00:00:00Z' } : {}),
        })),
      ),
      EXECUTOR_AUTH_ROLES: JSON.stringify(
        names.flatMap((name) => {
          const { role, namespaces = ['*'] } = callers[name];
          return role ? [{ role, callers: [`static:${name}`], namespaces }] : [];
        }),
      ),
    },
  };
}

/** The keys of one are those of the other, which the compiler can't see. */
function tokensFor<Name extends string>(callers: Record<Name, StaticCaller>): Record<Name, string> {
  const entries = Object.entries<StaticCaller>(callers);
  return Object.fromEntries(
    entries.map(([name, { length = 48 }]) => [name, randomBytes(length / 2).toString('hex')]),
  ) as Record<Name, string>;
}
