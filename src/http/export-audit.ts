import { auditLines, auditSpan, linkAudit } from '../database/audit.ts';
import { historyTypes } from './history-format.ts';
import type { Runtime } from './runtime.ts';

const linesPerPage = 500;

/**
 * A piece of the audit's chain as NDJSON, oldest first, with all that was committed before it was asked for; as fast as the
 * caller reads it, one page in memory. What fails before the first byte is a problem document; later the stream breaks off.
 */
export async function exportAudit(
  { executor }: Runtime,
  span: { since: Date | undefined; until: Date | undefined },
): Promise<Response> {
  const { database, observer, stopping, now } = executor;
  while ((await linkAudit(database, { waits: true }))?.more) continue;
  const { first, last } = await auditSpan(database, span);
  let next = first;
  const page = async () => {
    if (stopping.aborted) throw new Error('this replica is stopping');
    const lines = await auditLines(database, { first: next, last: Math.min(next + linesPerPage - 1, last) });
    next += linesPerPage;
    return lines.map((line) => `${line}\n`).join('');
  };
  const encoder = new TextEncoder();
  let ahead: string | undefined = await page();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const text = ahead ?? (await page());
          ahead = undefined;
          if (text !== '') controller.enqueue(encoder.encode(text));
          if (next > last) controller.close();
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error);
          observer.log('warn', `An export of the audit broke off before entry ${next}: ${why}`);
          throw error;
        }
      },
    },
    // Nothing is read ahead of the caller.
    { highWaterMark: 0 },
  );
  const time = now().toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  return new Response(body, {
    headers: {
      'content-type': historyTypes.ndjson,
      'content-disposition': `attachment; filename="audit-${time}Z.ndjson"`,
      'cache-control': 'no-store',
    },
  });
}
