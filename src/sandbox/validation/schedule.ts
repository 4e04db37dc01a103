const named = ['yearly', 'annually', 'monthly', 'weekly', 'daily', 'midnight', 'hourly'];
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const bounds: { least: number; most: number; words?: string[] }[] = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  { least: 1, most: 12, words: ['', ...MONTHS] },
  { least: 0, most: 6, words: DAYS },
];

/** What is wrong with a cron schedule, in the words of the parser that the API server uses; undefined where nothing is. */
export function scheduleFault(schedule: string): string | undefined {
  if (schedule.startsWith('@')) {
    const isEvery = /^@every (\d+(\.\d+)?(ms|s|m|h))+$/.test(schedule);
    return named.includes(schedule.slice(1)) || isEvery ? undefined : `unrecognized descriptor: ${schedule}`;
  }
  const fields = schedule.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== 5) return `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`;
  for (const [index, { least, most, words = [] }] of bounds.entries()) {
    for (const part of (fields[index] ?? '').split(',')) {
      const fault = partFault(part, least, most, words);
      if (fault) return fault;
    }
  }
  return undefined;
}

function partFault(part: string, least: number, most: number, words: string[]): string | undefined {
  const [range = '', step, ...more] = part.split('/');
  if (more.length > 0) return `too many slashes: ${part}`;
  if (step !== undefined && !/^\d+$/.test(step)) return `failed to parse int from ${step}: invalid syntax`;
  if (step !== undefined && Number(step) === 0) return `step of range should be a positive number: ${part}`;
  if (range === '*' || range === '?') return undefined;
  const ends = range.split('-');
  if (ends.length > 2) return `too many hyphens: ${part}`;
  const [first = -1, last = first] = ends.map((end) => numberOf(end, words));
  if (first < 0 || last < 0) return `failed to parse int from ${ends[first < 0 ? 0 : 1] ?? ''}: invalid syntax`;
  if (first < least) return `beginning of range (${first}) below minimum (${least}): ${part}`;
  if (last > most) return `end of range (${last}) above maximum (${most}): ${part}`;
  return first > last ? `beginning of range (${first}) beyond end of range (${last}): ${part}` : undefined;
}

function numberOf(text: string, words: string[]): number {
  const word = text === '' ? -1 : words.indexOf(text.toLowerCase());
  return word >= 0 ? word : /^\d+$/.test(text) ? Number(text) : -1;
}
