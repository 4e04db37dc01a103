import type { JsonObject } from '../json.ts';

/** The row under the names of its columns: `dryRun` is `dry_run`. */
export function columnsOf(row: object): JsonObject {
  return Object.fromEntries(
    Object.entries(row).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]],
    ),
  );
}
