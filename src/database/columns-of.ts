import type { JsonObject } from '../json.ts';

/** The row under the names of its columns: `dryRun` is `dry_run`. */
export function columnsOf(row: object): JsonObject {
  const columns: JsonObject = {};
  for (const [name, value] of Object.entries(row)) if (value !== undefined) columns[columnOf(name)] = value;
  return columns;
}

/** Every row has the same few dozen. */
const known = new Map<string, string>();

function columnOf(name: string): string {
  const column = known.get(name) ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  known.set(name, column);
  return column;
}
