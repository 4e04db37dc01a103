import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import type { Node, ParsedNode } from 'yaml';
import { closestName } from '../text/closest-names.ts';
import type { Environment } from './environment.ts';
import { expandVariables } from './expand-variables.ts';
import type { Fault } from './fault.ts';
import { fromText, type GivenValue } from './given-value.ts';
import { namesBelow, settingAt, type Setting } from './setting-list.ts';

/** The settings that a YAML file gives below its root `executor:`, each with its line; `${NAME}` is expanded. */
export function readSettingsFile(file: { name: string; content: string; env: Environment }): {
  given: GivenValue[];
  faults: Fault[];
} {
  const lines = new LineCounter();
  const document = parseDocument(file.content, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number | undefined) =>
    offset === undefined ? file.name : `${file.name}:${lines.linePos(offset).line}`;
  const given: GivenValue[] = [];
  const faults: Fault[] = document.errors.map((error) => ({
    where: at(error.pos[0]),
    problem: `not YAML: ${error.message}`,
  }));
  if (faults.length > 0) return { given, faults };

  const root = document.contents;
  if (root !== null && !isEmpty(root)) readSection({ node: root, path: [], known: ['executor'] });
  return { given, faults };

  /** `path` starts with `executor`, which the settings' own paths do not. */
  function readSection(section: { node: Node; path: string[]; known: string[] }): void {
    const { node, path, known } = section;
    if (!isMap<ParsedNode, ParsedNode | null>(node)) {
      faults.push({
        where: at(node.range?.[0]),
        problem: `${path.join('.') || 'the file'} is not a map`,
        allowed: `a map with the keys ${known.join(', ')}`,
      });
      return;
    }
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : String(key);
      const where = at(key.range?.[0]);
      const childPath = [...path, name];
      if (!known.includes(name)) {
        const near = closestName(name, known);
        faults.push({
          where,
          problem: `unknown key ${childPath.join('.')}${near ? `; did you mean ${near}?` : ''}`,
          allowed: known.join(', '),
        });
      } else if (value !== null && !isEmpty(value)) {
        const setting = settingAt(childPath.slice(1));
        const below = namesBelow(childPath.slice(1));
        if (setting) readValue({ node: value, setting, where });
        else if (below) readSection({ node: value, path: childPath, known: below });
      }
    }
  }

  function readValue(leaf: { node: ParsedNode; setting: Setting; where: string }): void {
    const { node, setting, where } = leaf;
    const add = (value: unknown) => given.push({ setting, value, where, from: 'file' });
    if (isScalar(node) && typeof node.value === 'string' && node.value.includes('${')) {
      const expansion = expandVariables(node.value, file.env);
      if ('value' in expansion) add(fromText(setting, expansion.value));
      if ('problem' in expansion)
        faults.push({ where, problem: `executor.${setting.path.join('.')} ${expansion.problem}` });
    } else if (isScalar(node) && setting.kind === 'text') {
      // A password of digits is a number to YAML, and would lose its leading zeros.
      add(node.source ?? node.value);
    } else {
      add(node.toJS(document));
    }
  }
}

/** A key without a value, as when all that stood below it is commented out, is a key not given. */
function isEmpty(node: Node): boolean {
  return isScalar(node) && node.value === null;
}
