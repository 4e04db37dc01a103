import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The licence texts of the packages whose files are among the inputs: whoever passes the bundle on passes them on too. */
export async function licencesOf(root: string, inputs: readonly string[]): Promise<string> {
  const folders = new Set(inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []));
  const licences = await Promise.all([...folders].sort().map((path) => licenceOf(join(root, path))));
  const byText = Map.groupBy(licences, ({ text }) => text);
  return [...byText].map(([text, of]) => `${of.map(({ heading }) => heading).join('\n')}\n\n${text}`).join('\n');
}

async function licenceOf(folder: string): Promise<{ heading: string; text: string }> {
  const { name, version, license }: { name: string; version: string; license?: string } = JSON.parse(
    await readFile(join(folder, 'package.json'), 'utf8'),
  );
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry));
  return {
    heading: `== ${name} ${version}: ${license ?? 'as follows'}`,
    text: file ? await readFile(join(folder, file), 'utf8') : '(the package brings no text)\n',
  };
}
