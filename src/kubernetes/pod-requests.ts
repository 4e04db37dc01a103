import { parseQuantity, type Quantity } from './quantities.ts';
import { listAt, textAt, valueAt } from './value-at.ts';

/** Amounts by the resource's name; `pods` is one for each pod. */
export type ResourceAmounts = Map<string, Quantity>;

/**
 * What the scheduler reckons a pod of that spec takes of its node: its containers and sidecars together, or its largest
 * init container where that is more, or what is asked for the pod as a whole; and its overhead.
 */
export function requestsOfPod(podSpec: unknown): ResourceAmounts {
  const inits = listAt(podSpec, ['initContainers']);
  const isSidecar = (container: unknown) => textAt(container, ['restartPolicy']) === 'Always';
  const running = sum([...listAt(podSpec, ['containers']), ...inits.filter(isSidecar)].map(requestsOf));
  let total = running;
  let sidecars: ResourceAmounts = new Map();
  for (const init of inits) {
    // An init container runs beside the sidecars that come before it.
    const beside = sum([sidecars, requestsOf(init)]);
    if (isSidecar(init)) sidecars = beside;
    total = most([total, beside]);
  }
  for (const [name, quantity] of requestsOf(podSpec)) total.set(name, quantity);
  return sum([
    total,
    amountsIn(valueAt(podSpec, ['overhead'])),
    new Map([['pods', { nano: one, notation: 'decimal' }]]),
  ]);
}

/** What a node has for pods. */
export function allocatableOf(node: unknown): ResourceAmounts {
  return amountsIn(valueAt(node, ['status', 'allocatable']));
}

export function sum(amounts: readonly ResourceAmounts[]): ResourceAmounts {
  return combined(amounts, (a, b) => a + b);
}

const one = 10n ** 9n;

function most(amounts: readonly ResourceAmounts[]): ResourceAmounts {
  return combined(amounts, (a, b) => (a > b ? a : b));
}

function combined(all: readonly ResourceAmounts[], combine: (a: bigint, b: bigint) => bigint): ResourceAmounts {
  const result: ResourceAmounts = new Map();
  for (const amounts of all) {
    for (const [name, { nano, notation }] of amounts) {
      const known = result.get(name);
      result.set(name, known ? { ...known, nano: combine(known.nano, nano) } : { nano, notation });
    }
  }
  return result;
}

/** A container that asks for nothing of a resource that it limits asks for the limit. */
function requestsOf(container: unknown): ResourceAmounts {
  const limits = amountsIn(valueAt(container, ['resources', 'limits']));
  return new Map([...limits, ...amountsIn(valueAt(container, ['resources', 'requests']))]);
}

function amountsIn(value: unknown): ResourceAmounts {
  if (typeof value !== 'object' || value === null) return new Map();
  return new Map(
    Object.entries(value).flatMap(([name, amount]) => {
      const quantity = parseQuantity(String(amount));
      return quantity ? [[name, quantity] as const] : [];
    }),
  );
}
