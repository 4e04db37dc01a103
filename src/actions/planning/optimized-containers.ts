import type { Json } from '../../kubernetes/object.ts';
import { formatQuantity, parseQuantity } from '../../kubernetes/quantities.ts';
import { textAt } from '../../kubernetes/value-at.ts';
import { type Amounts, describeResources, resourcesOf, withResources } from './container-resources.ts';
import type { Recommendation } from './recommended-resources.ts';

/**
 * The containers with the requests that are recommended. A limit keeps its ratio to the request, and stays where it is
 * none: that a container may use what is left over was somebody's decision. `told` names what changes.
 */
export function optimizedContainers(
  containers: readonly Json[],
  { requests, tolerance }: Recommendation,
): { containers: Json[]; told: string[] } {
  let result = [...containers];
  const told: string[] = [];
  for (const [index, container] of containers.entries()) {
    const name = textAt(container, ['name']) ?? '';
    const recommended = requests.get(name);
    if (!recommended) continue;
    const before = resourcesOf(container);
    const after = {
      cpu: optimized(before.cpu, recommended.cpu, tolerance),
      memory: optimized(before.memory, recommended.memory, tolerance),
    };
    const next = withResources(result, index, after);
    if (next[index] !== result[index]) told.push(`${name}: ${describeResources(after)}`);
    result = next;
  }
  return { containers: result, told };
}

function optimized(before: Amounts, request: string | undefined, tolerance: number): Amounts {
  const wanted = request === undefined ? undefined : parseQuantity(request);
  if (!wanted) return before;
  // Without a request of its own a container asks for its limit.
  const had = parseQuantity(before.request ?? before.limit ?? '');
  const limit = parseQuantity(before.limit ?? '');
  if (had && before.request !== undefined && isNear(had.nano, wanted.nano, tolerance)) return before;
  const after = { request: formatQuantity(wanted) };
  if (!limit || !had || had.nano === 0n)
    return limit && limit.nano < wanted.nano ? { ...after, limit: after.request } : { ...before, ...after };
  // Whole units: a fraction of a byte, or of a thousandth of a core, is not a limit that anybody would write.
  const unit = limit.notation === 'binary' || wanted.notation === 'binary' ? 10n ** 9n : 10n ** 6n;
  const scaled = (wanted.nano * limit.nano) / had.nano;
  const nano = ((scaled + unit - 1n) / unit) * unit;
  return { ...after, limit: formatQuantity({ nano, notation: limit.notation }) };
}

function isNear(had: bigint, wanted: bigint, tolerance: number): boolean {
  const difference = Number(had > wanted ? had - wanted : wanted - had);
  return difference <= Number(had) * tolerance;
}
