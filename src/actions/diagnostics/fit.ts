import type { Json, JsonObject } from '../../kubernetes/object.ts';

/** How many bytes the value takes as JSON. */
export function jsonBytes(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/**
 * The report within so many bytes of JSON. Its parts have room in the order in which they stand; a list that finds too
 * little keeps its first items, and what is left out is named in `cut`.
 */
export function fit(report: JsonObject, limitBytes: number): JsonObject {
  const fitted: JsonObject = {};
  const cut: string[] = [];
  // Room for the names in `cut` themselves.
  let left = limitBytes - 1024;
  for (const [key, value] of Object.entries(report)) {
    const room = left - key.length - 4;
    const kept = jsonBytes(value) <= room ? value : shortened(value, room);
    if (kept !== value) cut.push(key);
    if (kept === undefined) continue;
    fitted[key] = kept;
    left = room - jsonBytes(kept);
  }
  return cut.length === 0 ? fitted : { ...fitted, cut };
}

/** The end of a text, where a log has its newest lines, within so many bytes of JSON. */
export function endOf(text: string, limitBytes: number): string {
  let rest = text;
  while (rest !== '') {
    const bytes = jsonBytes(rest);
    if (bytes <= limitBytes) break;
    const share = Math.floor((rest.length * limitBytes) / bytes);
    rest = rest.slice(rest.length - Math.min(share, rest.length - 1));
  }
  if (rest === text) return text;
  const line = rest.indexOf('\n');
  return line < 0 ? rest : rest.slice(line + 1);
}

function shortened(value: Json, room: number): Json | undefined {
  if (!Array.isArray(value)) return undefined;
  const items: Json[] = [];
  let left = room - 2;
  for (const item of value) {
    left -= jsonBytes(item) + 1;
    if (left < 0) break;
    items.push(item);
  }
  return items.length === 0 ? undefined : items;
}
