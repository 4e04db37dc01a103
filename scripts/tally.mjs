// Adds up what the test runs wrote: `N passed, N failed, N skipped`. A run that ended badly without a failed test counts as one.
import { readFileSync } from 'node:fs';

const [checks = '0', ...runs] = process.argv.slice(2);
const total = { passed: 0, failed: Number(checks), skipped: 0 };
for (const run of runs) {
  const [code, path] = run.split(/:(.*)/s);
  const report = read(path);
  if (!report && code === '0') continue;
  total.passed += report?.numPassedTests ?? 0;
  total.skipped += report?.numPendingTests ?? 0;
  total.failed += Math.max(report?.numFailedTests ?? 0, code === '0' ? 0 : 1);
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
