import { celCondition, type CelVariables, type Condition } from './cel.ts';

/** What the expression of a custom rule may look at, by name. */
export const customRuleInput = {
  action: {
    type: 'string',
    about: 'the name of the action, such as `scale_deployment`; of a rollback the one taken back',
  },
  rollback: { type: 'bool', about: 'whether it takes back what an earlier execution did' },
  parameters: { type: 'map', about: 'its parameters, by their names' },
  target: {
    type: 'map',
    about:
      '`kind`, `namespace`, `name`, `labels`, `annotations`, and `object`: the whole target as the API server has it, of a Secret without its data. Of what acts on no object the texts and maps are empty',
  },
  namespace_labels: { type: 'map', about: 'the labels of the namespace that it happens in; empty for what is in none' },
  changes: {
    type: 'list',
    about:
      'what would be written, each `kind`, `target` {`kind`, `namespace`, `name`} and, of a patch, `edits` {`path`, `from`, `to`}',
  },
  caller: { type: 'string', about: 'who asks, with the prefix of the source; empty where authentication is off' },
  time: { type: 'google.protobuf.Timestamp', about: 'when it is to begin, by the clock of the database' },
  dry_run: { type: 'bool', about: 'whether nothing is changed' },
} as const;

const types: CelVariables = Object.fromEntries(Object.entries(customRuleInput).map(([name, { type }]) => [name, type]));

const known = new Map<string, Condition>();

/** The condition of a custom rule; throws what is wrong with it. Each is compiled once. */
export function customCondition(expression: string): Condition {
  const condition = known.get(expression) ?? celCondition(expression, types);
  known.set(expression, condition);
  return condition;
}

/** What is wrong with it, in a sentence; undefined where nothing is. */
export function faultOfCondition(expression: string): string | undefined {
  try {
    customCondition(expression);
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  }
}
