import { compareQuantities } from '../../kubernetes/quantities.ts';
import { preconditionFailed } from '../refusal.ts';
import { type Amounts, type ResourceName, resourceNames, type Resources } from './container-resources.ts';

/** What was asked for of one resource. `limit` alone: the request stays. */
export type Asked = { [resource in ResourceName]: Amounts };

/** Where a request gives nothing: at least so much, and what is more stays. */
const floor = {
  cpu: { limit: '500m', request: '250m' },
  memory: { limit: '1Gi', request: '512Mi' },
} as const;

/**
 * The amounts of a container once they are raised. Nothing is ever lowered: what would be is refused, with what stands
 * there. `named` is how messages call the container.
 */
export function increasedResources(
  before: Resources,
  asked: Asked,
  named: string,
): { resources: Resources; warnings: string[] } {
  const nothingAsked = resourceNames.every((name) => Object.keys(asked[name]).length === 0);
  const warnings: string[] = [];
  const raise = (name: ResourceName): Amounts => {
    const after = nothingAsked
      ? atLeast(before[name], floor[name])
      : raised(before[name], asked[name], `${named} has`, name);
    if (after.limit !== undefined && before[name].limit === undefined) {
      warnings.push(`${named} had no ${name} limit: it can use no more than ${after.limit} from now on`);
    }
    return after;
  };
  return { resources: { cpu: raise('cpu'), memory: raise('memory') }, warnings };
}

function raised(before: Amounts, asked: Amounts, has: string, name: ResourceName): Amounts {
  const after: Amounts = { ...before, ...asked };
  // Without a request of its own a container asks for its limit.
  const effective: Amounts = before.limit === undefined ? before : { request: before.limit, ...before };
  for (const amount of ['limit', 'request'] as const) {
    const [had, wanted] = [effective[amount], asked[amount]];
    if (had === undefined || wanted === undefined || compareQuantities(wanted, had) >= 0) continue;
    throw preconditionFailed(
      `${has} a ${name} ${amount} of ${had}; ${wanted} would lower it`,
      `Give at least ${had}; increase_resources never lowers`,
    );
  }
  const { request, limit } = after;
  if (request === undefined || limit === undefined || compareQuantities(request, limit) <= 0) return after;
  if (asked.request === undefined) {
    throw preconditionFailed(
      `${has} a ${name} request of ${request}; a limit of ${limit} would lower it`,
      `Give a limit of at least ${request}; increase_resources never lowers`,
    );
  }
  throw preconditionFailed(
    `${has} a ${name} limit of ${limit}, below the request of ${request} that was asked for`,
    `Give ${name}_limit as well, of at least ${request}`,
  );
}

/** A container without a limit has more than any floor; where it asks for nothing at all, it gets both. */
function atLeast({ request, limit }: Amounts, least: Required<Amounts>): Amounts {
  if (request === undefined && limit === undefined) return least;
  return {
    ...(request === undefined ? {} : { request: larger(request, least.request) }),
    ...(limit === undefined ? {} : { limit: larger(limit, least.limit) }),
  };
}

function larger(a: string, b: string): string {
  return compareQuantities(a, b) < 0 ? b : a;
}
