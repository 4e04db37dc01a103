// The test files of a report in which a test failed, one a line; none where they are too many for an accident.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const most = 3;
const { testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const files = testResults.filter(({ status }) => status === 'failed').map(({ name }) => relative(process.cwd(), name));
if (files.length <= most) console.log(files.join('\n'));
