// Prints what test/matrix has seen of each action, from the JSON lines that it wrote.
import { readFileSync } from 'node:fs';

const [path = ''] = process.argv.slice(2);
const rows = readFileSync(path, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line))
  .sort((a, b) => a.action.localeCompare(b.action));
const head = ['action', 'effects', 'dry run', 'undo', 'again', 'refusals', 'API calls', 'KB'];
const table = rows.map((row) => [
  row.action,
  `${row.effects} seen`,
  row.notVerified > 0 ? `${row.dryRuns} (${row.notVerified} not verified)` : `${row.dryRuns} unchanged`,
  row.undone > 0 ? `${row.undone} restored` : `none: ${row.irreversible ?? 'stated'}`.slice(0, 44),
  row.again === 'no_op' ? `${row.noOps} no-op` : 'acts',
  String(row.refusals),
  `<= ${row.calls}`,
  `<= ${(row.bytes / 1024).toFixed(1)}`,
]);
const widths = head.map((title, column) => Math.max(title.length, ...table.map((cells) => cells[column].length)));
for (const cells of [head, ...table])
  console.log(
    cells
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
