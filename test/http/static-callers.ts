import { createHash, randomBytes } from 'node:crypto';

/** A caller of a test: a role in some namespaces, or none; or a token that was good once. */
export interface StaticCaller {
  role?: 'viewer' | 'operator' | 'approver' | 'admin';
  namespaces?: readonly string[];
  expired?: boolean;
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
function tokensFor<Name extends string>(callers: Record<Name, unknown>): Record<Name, string> {
  return Object.fromEntries(Object.keys(callers).map((name) => [name, randomBytes(24).toString('hex')])) as Record<
    Name,
    string
  >;
}
