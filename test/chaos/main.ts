import { parseArgs } from 'node:util';
import { type FaultKind, faultKinds } from './faults.ts';
import { resultText } from './print-result.ts';
import { runChaos } from './run-chaos.ts';

/** `npm run chaos -- --minutes 10 [--seed N] [--per-second 4] [--faults kill,api_drop_after]`: exit code 1 where something did not hold. */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    faults: { type: 'string' },
    'per-second': { type: 'string', default: '4' },
  },
});
const result = await runChaos({
  seed: Number(values.seed),
  lengthMs: Number(values.minutes) * 60_000,
  perSecond: Number(values['per-second']),
  kinds: kindsOf(values.faults),
  say: (line) => process.stderr.write(`${line}\n`),
});
process.stdout.write(`${resultText(result)}\n`);
process.exit(result.findings.some(({ broken }) => broken.length > 0) ? 1 : 0);

function kindsOf(text: string | undefined): FaultKind[] | undefined {
  if (text === undefined) return undefined;
  const kinds = faultKinds.filter((kind) => text.split(',').includes(kind));
  if (kinds.length === text.split(',').length) return kinds;
  throw new Error(`--faults takes some of ${faultKinds.join(', ')}`);
}
