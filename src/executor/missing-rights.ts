import { describeRight, type MayService, type OwnRight } from '../policy/own-rights.ts';
import type { Need } from './needed-permissions.ts';

/** A sentence for each right that the service lacks. */
export interface MissingRights {
  /** Asks the API server, and later again for what was missing; the last answers where nobody can be asked now. */
  find(): Promise<readonly string[]>;
}

const askAgainMs = 30_000;
const atOnce = 8;

/**
 * Which rights the service has not in the whole cluster, of those that its actions and rules may need. It starts all the same:
 * what it does in some namespaces only may be meant that way, and each execution is asked about by itself.
 */
export function missingRights(
  mayService: MayService,
  { needs, told }: { needs: readonly Need[]; told: (warning: string) => void },
): MissingRights {
  let left: [OwnRight, string[]][] = [...rightsOf(needs)];
  let warnings: readonly string[] = [];
  let looking: { atMs: number; found: Promise<readonly string[]> } | undefined;
  return {
    find() {
      if (looking && performance.now() - looking.atMs < askAgainMs) return looking.found;
      const found = look().catch(() => {
        looking = undefined;
        return warnings;
      });
      looking = { atMs: performance.now(), found };
      return found;
    },
  };

  async function look(): Promise<readonly string[]> {
    const missing: typeof left = [];
    for (let first = 0; first < left.length; first += atOnce) {
      const some = left.slice(first, first + atOnce);
      const answers = await Promise.all(some.map(([right]) => mayService(right)));
      missing.push(...some.filter((_, index) => !answers[index]));
    }
    left = missing;
    const known = new Set(warnings);
    warnings = missing.map(
      ([right, by]) =>
        `This service may not ${describeRight(right)} in the whole cluster; ${by.join(', ')} may need it`,
    );
    for (const warning of warnings) if (!known.has(warning)) told(warning);
    return warnings;
  }
}

function rightsOf(needs: readonly Need[]): Map<OwnRight, string[]> {
  const groups = Map.groupBy(needs, ({ apiGroup, resource, verb }) => JSON.stringify([verb, apiGroup, resource]));
  return new Map(
    [...groups.values()].flatMap((same) => {
      const [first] = same;
      if (!first) return [];
      const { verb, apiGroup: group, resource } = first;
      return [[{ verb, group, resource }, [...new Set(same.map(({ by }) => by))]] as const];
    }),
  );
}
