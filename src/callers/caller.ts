/** Somebody whose token was found good. */
export interface Caller {
  /** As the record has it, the source in front: the same name from two sources is two callers. */
  name: string;
  groups: readonly string[];
  /** As the API server is asked about them. */
  user: { username: string; uid?: string; extra?: Record<string, string[]> };
}

/** Who a token belongs to; undefined where it is not good, or no longer. Throws where that can't be told now. */
export type Authenticate = (token: string) => Promise<Caller | undefined>;

const longestName = 512;

/** A caller by that name, unless it is none that can be written down on one line. */
export function callerNamed(
  prefix: string,
  name: unknown,
  more: { groups?: unknown; uid?: string; extra?: Record<string, string[]>; username?: string },
): Caller | undefined {
  if (typeof name !== 'string' || name === '' || name.length > longestName || /\p{Cc}/u.test(name)) return undefined;
  const { groups, username = prefix + name, ...rest } = more;
  const listed = Array.isArray(groups) ? groups.filter((group): group is string => typeof group === 'string') : [];
  return { name: prefix + name, groups: listed, user: { username, ...rest } };
}
