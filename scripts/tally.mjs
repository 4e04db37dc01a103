// Names each failed test of the test runs and adds up what they wrote: `N passed, N failed, N skipped`.
// A run that ended badly without a failed test counts as one. A test that passed when its file was run once more, alone,
// is named too: it depends on something that it should not depend on.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const [checks = '0', ...runs] = process.argv.slice(2);
const total = { passed: 0, failed: Number(checks), skipped: 0 };
for (const run of runs) {
  const [code, path] = run.split(/:(.*)/s);
  const report = read(path);
  if (!report && code === '0') continue;
  const mended = passedIn(read(path.replace(/\.json$/, '-again.json')));
  const failures = failuresOf(report);
  const lasting = failures.filter(({ name }) => !mended.has(name));
  total.passed += (report?.numPassedTests ?? 0) + failures.length - lasting.length;
  total.skipped += report?.numPendingTests ?? 0;
  total.failed += Math.max(lasting.length, code === '0' || failures.length > 0 ? 0 : 1);
  for (const { name, message } of failures)
    console.log(`${mended.has(name) ? 'PASSED ONLY ALONE' : 'FAILED'} ${name}: ${begin(message)}`);
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

/** File, name and first lines of what was wrong, for each test that failed and each file that could not be run. */
function failuresOf(report) {
  return (report?.testResults ?? []).flatMap(({ name: file, message, assertionResults }) => [
    ...(message ? [{ name: relative(process.cwd(), file), message }] : []),
    ...assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => ({ name: nameOf(file, fullName), message: failureMessages?.[0] ?? '' })),
  ]);
}

function passedIn(report) {
  return new Set(
    (report?.testResults ?? []).flatMap(({ name: file, status: whole, assertionResults }) => [
      ...(whole === 'passed' ? [relative(process.cwd(), file)] : []),
      ...assertionResults.filter(({ status }) => status === 'passed').map(({ fullName }) => nameOf(file, fullName)),
    ]),
  );
}

function nameOf(file, fullName) {
  return `${relative(process.cwd(), file)} > ${fullName}`;
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
