import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { ConfigFaults } from '../config/fault.ts';
import { loadConfig } from '../config/load-config.ts';
import { processSources } from '../config/process-sources.ts';
import { auditLines, auditSpan, auditStrays } from '../database/audit.ts';
import { connectDatabase, type Database } from '../database/connect.ts';
import { missing, verifyChain } from './verify-chain.ts';

const usage = `npm run audit:verify                      the chain in the database of the settings (DATABASE_URL)
npm run audit:verify -- FILE              one that was exported (GET /api/v1/audit); - reads from standard input
npm run audit:verify -- --head HASH …     and whether that hash, kept elsewhere, stands in it
npm run audit:verify -- --from SEQ        the chain in the database, of which what comes before was taken away on purpose
`;
const linesPerPage = 2_000;
const timeoutMs = 60_000;

/** Verifies the audit's chain, and prints how many entries it has and the hash of the last; 1 where something is wrong. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { head: { type: 'string' }, from: { type: 'string' }, help: { type: 'boolean' } },
  });
  const [file, ...more] = positionals;
  if (values.help || more.length > 0) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  return file === undefined
    ? await verifyDatabase({ head: values.head, from: Number(values.from ?? 1) })
    : await verifyFile(file, values.head);
}

async function verifyFile(file: string, head: string | undefined): Promise<number> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  const lines = createInterface({ input, crlfDelay: Infinity });
  return print(await verifyChain(lines, { head }), head, []);
}

async function verifyDatabase({ head, from }: { head: string | undefined; from: number }): Promise<number> {
  const { connection, pooled } = loadConfig(processSources()).database;
  if (connection.kind !== 'url') throw new Error('No database is configured: set DATABASE_URL, or name a file');
  const database = connectDatabase({ url: connection.url, pool: 1, pooled, timeoutMs });
  try {
    // Nothing is added beyond it while it is being read.
    const span = await auditSpan(database, {});
    const verdict = await verifyChain(linesOf(database, span), { head });
    const { unchained, emptyLinks, waiting } = await auditStrays(database);
    const first = verdict.first?.seq ?? 1;
    const faults = [
      ...(first > from ? [`${missing(from, first - 1)}: the chain begins with entry ${first}`] : []),
      ...emptyLinks.map((seq) => `entry ${seq} has been taken away: its place in the chain is empty`),
      ...unchained.map((id) => `the row ${id} of audit_entry has no place in the chain, and waits for none`),
    ];
    if (waiting > 0) process.stdout.write(`${waiting} entries wait for their place in the chain\n`);
    return print(verdict, head, faults);
  } finally {
    await database.close();
  }
}

async function* linesOf(database: Database, { first, last }: { first: number; last: number }): AsyncGenerator<string> {
  for (let next = first; next <= last; next += linesPerPage)
    yield* await auditLines(database, { first: next, last: Math.min(next + linesPerPage - 1, last) });
}

function print(
  { entries, first, head: last, faults: found, holdsHead }: Awaited<ReturnType<typeof verifyChain>>,
  head: string | undefined,
  others: readonly string[],
): number {
  const faults = [
    ...found,
    ...others,
    ...(head !== undefined && !holdsHead
      ? [`the hash ${head} stands nowhere in it: its end was cut off, or it is another chain`]
      : []),
  ];
  const which = first && last ? `, ${first.seq} to ${last.seq}, head ${last.hash}` : '';
  process.stdout.write(`${entries} entries${which}\n`);
  if (first && first.seq > 1)
    process.stdout.write(`A piece: what comes before it was given as ${first.previousHash}\n`);
  for (const fault of faults) process.stdout.write(`NOT AS IT WAS: ${fault}\n`);
  if (faults.length === 0) process.stdout.write('Unbroken\n');
  return faults.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof ConfigFaults || error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
