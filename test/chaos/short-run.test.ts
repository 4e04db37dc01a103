import { expect, test } from 'vitest';
import { faultKinds } from './faults.ts';
import { resultText } from './print-result.ts';
import { runChaos } from './run-chaos.ts';

test(
  'three replicas under faults of every kind: nothing is done twice, lost, or left held',
  { timeout: 300_000 },
  async () => {
    const result = await runChaos({ seed: 16, lengthMs: 30_000 });

    console.log(resultText(result));
    expect(result.findings.flatMap(({ broken }) => broken.map(({ what }) => what))).toEqual([]);
    // A run that met nothing would prove nothing. Cooldowns may all be over by the end.
    const unmet = result.findings.filter(({ checked }) => checked === 0).map(({ invariant }) => invariant);
    expect(unmet.filter((invariant) => !invariant.startsWith('cooldowns'))).toEqual([]);
    expect(new Set(result.faults.map(({ kind }) => kind))).toEqual(new Set(faultKinds));
  },
);
