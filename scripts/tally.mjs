// Names each failed test of the test runs and adds up what they wrote: `N passed, N failed, N skipped`.
// A run that ended badly without a failed test counts as one.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const [checks = '0', ...runs] = process.argv.slice(2);
const total = { passed: 0, failed: Number(checks), skipped: 0 };
for (const run of runs) {
  const [code, path] = run.split(/:(.*)/s);
  const report = read(path);
  if (!report && code === '0') continue;
  total.passed += report?.numPassedTests ?? 0;
  total.skipped += report?.numPendingTests ?? 0;
  total.failed += Math.max(report?.numFailedTests ?? 0, code === '0' ? 0 : 1);
  for (const line of failuresOf(report)) console.log(line);
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

/** File, name and first lines of what was wrong, for each test that failed and each file that could not be run. */
function failuresOf(report) {
  return (report?.testResults ?? []).flatMap(({ name, message, assertionResults }) => [
    ...(message ? [`FAILED ${relative(process.cwd(), name)}: ${begin(message)}`] : []),
    ...assertionResults
      .filter(({ status }) => status === 'failed')
      .map(
        ({ fullName, failureMessages }) =>
          `FAILED ${relative(process.cwd(), name)} > ${fullName}: ${begin(failureMessages?.[0] ?? '')}`,
      ),
  ]);
}

function begin(message) {
  return message.slice(0, 600).replaceAll('\n', '\n    ');
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
