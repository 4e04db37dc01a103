import { readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';

/** Whether `.dockerignore` keeps a file or folder of the context out. The last line that matches decides. */
export function isIgnored(context: string, path: string): boolean {
  const wanted = normalize(path).replace(/\/$/, '');
  const lines = readFileSync(join(context, '.dockerignore'), 'utf8').split('\n');
  let ignored = false;
  for (const line of lines.map((each) => each.trim()).filter((each) => each !== '' && !each.startsWith('#'))) {
    const pattern = line.replace(/^!/, '');
    if (pattern === '*' || wanted === pattern || wanted.startsWith(`${pattern}/`)) ignored = !line.startsWith('!');
  }
  return ignored;
}
