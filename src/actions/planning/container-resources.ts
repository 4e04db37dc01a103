import { sameValue } from '../../changes/field-edit.ts';
import type { Json, JsonObject } from '../../kubernetes/object.ts';
import { compareQuantities } from '../../kubernetes/quantities.ts';
import { valueAt } from '../../kubernetes/value-at.ts';

/** What a container asks for, and may use at most, of one resource. */
export interface Amounts {
  request?: string;
  limit?: string;
}

/** Of CPU and memory; what a container has of other resources is never touched. */
export type Resources = { [resource in ResourceName]: Amounts };
export type ResourceName = 'cpu' | 'memory';

export const resourceNames = ['cpu', 'memory'] as const;

/** The amounts of a container as they stand in its spec. */
export function resourcesOf(container: Json | undefined): Resources {
  return { cpu: amountsOf(container, 'cpu'), memory: amountsOf(container, 'memory') };
}

/** The containers with other amounts for one of them. An amount that is as much as before is left as it was written. */
export function withResources(containers: readonly Json[], index: number, wanted: Resources): Json[] {
  return containers.map((container, at) => (at === index ? resourced(container, wanted) : container));
}

/** `requests` and `limits` as in a container's spec, of CPU and memory alone. */
export function asRequirements(resources: Resources): JsonObject {
  const side = (amount: keyof Amounts): JsonObject =>
    Object.fromEntries(
      resourceNames.flatMap((name) => {
        const value = resources[name][amount];
        return value === undefined ? [] : [[name, value] as const];
      }),
    );
  return { requests: side('request'), limits: side('limit') };
}

/** `cpu 250m of at most 500m, memory 512Mi without a limit`. */
export function describeResources(resources: Resources): string {
  return resourceNames
    .map((name) => {
      const { request, limit } = resources[name];
      const asked = request ?? (limit === undefined ? 'not requested' : limit);
      return `${name} ${asked} ${limit === undefined ? 'without a limit' : `of at most ${limit}`}`;
    })
    .join(', ');
}

function amountsOf(container: Json | undefined, name: ResourceName): Amounts {
  const request = amountAt(container, 'requests', name);
  const limit = amountAt(container, 'limits', name);
  return { ...(request === undefined ? {} : { request }), ...(limit === undefined ? {} : { limit }) };
}

function amountAt(container: Json | undefined, side: 'requests' | 'limits', name: ResourceName): string | undefined {
  const value = valueAt(container, ['resources', side, name]);
  // A template of another client may have `cpu: 2`.
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
}

function resourced(container: Json, wanted: Resources): Json {
  if (!isObject(container)) return container;
  const before = resourcesOf(container);
  const own = isObject(container['resources']) ? container['resources'] : {};
  const requirements = asRequirements({
    cpu: kept(before.cpu, wanted.cpu),
    memory: kept(before.memory, wanted.memory),
  });
  const resources: JsonObject = { ...own };
  for (const side of ['requests', 'limits'] as const) {
    const others = withoutOurs(own[side]);
    const merged = { ...others, ...(isObject(requirements[side]) ? requirements[side] : {}) };
    if (Object.keys(merged).length > 0) resources[side] = merged;
    else delete resources[side];
  }
  return sameValue(own, resources) ? container : { ...container, resources };
}

function kept(before: Amounts, wanted: Amounts): Amounts {
  const one = (amount: keyof Amounts): Amounts => {
    const [had, wants] = [before[amount], wanted[amount]];
    if (wants === undefined) return {};
    return { [amount]: had !== undefined && compareQuantities(had, wants) === 0 ? had : wants };
  };
  return { ...one('request'), ...one('limit') };
}

function withoutOurs(amounts: Json | undefined): JsonObject {
  if (!isObject(amounts)) return {};
  const { cpu: _, memory: __, ...others } = amounts;
  return others;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
