import { Refusal } from '../actions/refusal.ts';

/** What the history is given as: a page, or an export. The first that a caller takes as gladly as others is chosen. */
export const historyTypes = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
} as const;

export type HistoryFormat = keyof typeof historyTypes;

export const historyFormats = ['json', 'ndjson', 'csv'] as const satisfies readonly HistoryFormat[];

/** The format that a caller likes best by its `Accept` (RFC 9110); undefined where it takes none of them. */
export function acceptedFormat(accept: string | undefined): HistoryFormat | undefined {
  const ranges = rangesOf(accept ?? '');
  if (ranges.length === 0) return 'json';
  const liked = historyFormats
    .map((format) => ({ format, quality: qualityOf(historyTypes[format], ranges) }))
    .toSorted((a, b) => b.quality - a.quality);
  const [best] = liked;
  return best && best.quality > 0 ? best.format : undefined;
}

export function notAcceptable(accept: string | undefined): Refusal {
  return new Refusal('not_acceptable', `The history is not to be had as ${(accept ?? '').slice(0, 200)}`, {
    hint: `Accept ${Object.values(historyTypes).join(', ')}; or ask with ?format=${historyFormats.join('|')}`,
  });
}

interface Range {
  type: string;
  quality: number;
}

function rangesOf(accept: string): Range[] {
  return accept
    .split(',')
    .map((part) => part.split(';').map((text) => text.trim().toLowerCase()))
    .flatMap(([type = '', ...parameters]) => (type === '' ? [] : [{ type, quality: weightOf(parameters) }]));
}

/** What is no weight counts as none given. */
function weightOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  return weight !== undefined && /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight) ? Number(weight) : 1;
}

/** By the range that names the type most closely; 0: not at all. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  const [group = ''] = type.split('/');
  for (const name of [type, `${group}/*`, '*/*']) {
    const range = ranges.find((one) => one.type === name);
    if (range) return range.quality;
  }
  return 0;
}
