import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Json } from '../json.ts';
import { jsonbText } from './jsonb-text.ts';

/** What a chain is found to be. */
export interface ChainVerdict {
  entries: number;
  /** Undefined: there is no entry. */
  first: { seq: number; previousHash: string } | undefined;
  head: { seq: number; hash: string } | undefined;
  /** What is wrong, each with the entry; the first that were found. */
  faults: string[];
  /** Whether the hash that was asked for stands in the chain. */
  holdsHead: boolean;
}

const mostFaults = 20;
const noHash = '0'.repeat(64);

const Line = z.looseObject({ seq: z.int().positive(), previous_hash: z.string(), hash: z.string() });

/**
 * Goes along the lines of an export, in their order, and finds what was changed, taken away, added or put elsewhere. A chain
 * that begins later than with entry 1 is a piece: what comes before it is taken on trust. `head` is a hash that was kept elsewhere.
 */
export async function verifyChain(
  lines: AsyncIterable<string> | Iterable<string>,
  { head }: { head?: string | undefined } = {},
): Promise<ChainVerdict> {
  const verdict: ChainVerdict = { entries: 0, first: undefined, head: undefined, faults: [], holdsHead: false };
  const fault = (text: string) => {
    if (verdict.faults.length < mostFaults) verdict.faults.push(text);
  };
  let number = 0;
  for await (const text of lines) {
    number += 1;
    if (text.trim() === '') continue;
    const entry = parsedLine(text);
    if (!entry) {
      fault(`line ${number} is not an entry`);
      continue;
    }
    const { seq, previous_hash: previousHash, hash } = entry;
    const before = verdict.head;
    if (hashOf(entry) !== hash) fault(`entry ${seq} has been changed: its content does not give its hash`);
    if (before && seq <= before.seq) fault(`entry ${seq} is out of order: it stands after entry ${before.seq}`);
    else if (before && seq > before.seq + 1)
      fault(`${missing(before.seq + 1, seq - 1)}: ${seq} stands after ${before.seq}`);
    else if ((before?.hash ?? (seq === 1 ? noHash : previousHash)) !== previousHash)
      fault(
        `entry ${seq} does not follow ${before ? `entry ${before.seq}` : 'the beginning'}: one of them has been replaced`,
      );
    verdict.entries += 1;
    verdict.first ??= { seq, previousHash };
    verdict.head = { seq, hash };
    verdict.holdsHead ||= hash === head;
  }
  return verdict;
}

type Entry = z.output<typeof Line>;

function parsedLine(text: string): Entry | undefined {
  try {
    return Line.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function hashOf(entry: Entry): string {
  const { hash: _, ...content } = entry;
  return createHash('sha256')
    .update(jsonbText(jsonOf(content)))
    .digest('hex');
}

/** It was parsed from JSON. */
function jsonOf(content: object): Json {
  return content as Json;
}

export function missing(first: number, last: number): string {
  return first === last ? `entry ${first} is missing` : `entries ${first} to ${last} are missing`;
}
