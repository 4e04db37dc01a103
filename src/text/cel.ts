import { Environment } from '@marcbachmann/cel-js';

/** The names that an expression may use, each with its type in CEL. */
export type CelVariables = Readonly<Record<string, 'string' | 'bool' | 'map' | 'list' | 'google.protobuf.Timestamp'>>;

export interface Condition {
  /** Whether the expression names that variable. */
  uses(variable: string): boolean;
  /** Throws where the expression fails on that input, says anything but true or false, or takes longer. */
  holds(input: Readonly<Record<string, unknown>>, limits: { withinMs: number }): boolean;
}

const limits = { maxAstNodes: 500, maxDepth: 30, maxListElements: 200, maxMapEntries: 50, maxCallArguments: 10 };
const loops = ['all', 'exists', 'exists_one', 'map', 'filter', 'bind'];
const deepestLoop = 2;
/** A pattern can take for ever, and a text that is cut up can be as long as its pieces are many. */
const withheld = ['matches', 'split'];

/**
 * A condition in CEL, its types checked: of what each part of an object is nothing is known before it is seen. Throws what
 * is wrong with it. It can't run away: loops stand in each other at most twice, and each step of one looks at the time.
 */
export function celCondition(expression: string, variables: CelVariables): Condition {
  const environment = new Environment({ limits, enableOptionalTypes: true });
  for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type);
  const evaluate = environment.parse(expression);
  const names = new Set<string>();
  look(evaluate.ast, names, 0);
  const checked = evaluate.check();
  if (!checked.valid) throw checked.error ?? new Error('its types do not fit');
  if (checked.type !== 'bool' && checked.type !== 'dyn')
    throw new Error(`it gives ${checked.type ?? 'nothing'}, not true or false`);
  return {
    uses: (variable) => names.has(variable),
    holds(input, { withinMs }) {
      const untilMs = performance.now() + withinMs;
      const inTime = () => {
        if (performance.now() > untilMs) throw new Error(`it takes longer than ${withinMs} ms`);
      };
      const value: unknown = evaluate(
        Object.fromEntries([...names].map((name) => [name, celValue(input[name], inTime)])),
      );
      if (typeof value !== 'boolean') throw new Error('it gives neither true nor false');
      return value;
    },
  };
}

/** Collects the names that stand in it; throws where loops stand in each other too deep, or a function is withheld. */
function look(node: unknown, names: Set<string>, loopsAround: number): void {
  if (Array.isArray(node)) {
    for (const part of node) look(part, names, loopsAround);
    return;
  }
  if (typeof node !== 'object' || node === null || !('op' in node) || !('args' in node)) return;
  const { op, args } = node;
  if (op === 'id') names.add(String(args));
  if (op !== 'call' && op !== 'rcall') return look(args, names, loopsAround);
  const [name, ...parts]: unknown[] = Array.isArray(args) ? args : [];
  if (withheld.includes(String(name)))
    throw new Error(`${String(name)} is not available; use startsWith, endsWith, contains or ==`);
  const isLoop = op === 'rcall' && loops.includes(String(name));
  if (isLoop && loopsAround === deepestLoop) throw new Error(`loops stand in each other more than ${deepestLoop} deep`);
  // What is gone through is outside of the loop.
  for (const [index, part] of parts.entries()) look(part, names, loopsAround + (isLoop && index > 0 ? 1 : 0));
}

/** JSON as CEL has it: whole numbers are ints there. Whoever goes through a list looks at the time. */
function celValue(value: unknown, inTime: () => void): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => celValue(item, inTime));
    return new Proxy(items, {
      get(list, key, receiver): unknown {
        inTime();
        return Reflect.get(list, key, receiver);
      },
    });
  }
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return new Map(
    Object.entries(value).flatMap(([key, part]) =>
      part === undefined ? [] : [[key, celValue(part, inTime)] as const],
    ),
  );
}
