/** One instruction as it is written, continued lines joined. */
export interface Instruction {
  word: string;
  rest: string;
  line: number;
}

export interface Stage {
  base: string;
  name: string | undefined;
  instructions: Instruction[];
}

/** The stages of a Dockerfile, in its order. */
export function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  for (const { word, rest, line } of instructionsOf(text)) {
    if (word === 'FROM') {
      const [, base = '', name] = /^(\S+)(?:\s+as\s+(\S+))?$/i.exec(rest) ?? [];
      stages.push({ base, name, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (!stage) throw new Error(`Dockerfile:${line}: ${word} before the first FROM`);
    stage.instructions.push({ word, rest, line });
  }
  return stages;
}

function instructionsOf(text: string): Instruction[] {
  const found: Instruction[] = [];
  let open = '';
  let openLine = 0;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || /^\s*#/.test(line)) continue;
    if (open === '') openLine = index + 1;
    open += line.trim();
    if (open.endsWith('\\')) {
      open = open.slice(0, -1);
      continue;
    }
    const [, word = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(open) ?? [];
    found.push({ word: word.toUpperCase(), rest, line: openLine });
    open = '';
  }
  return found;
}
