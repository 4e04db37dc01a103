import { type HistoryPage, type HistoryPosition, listExecutions } from '../database/executions.ts';
import { csvLine } from './csv-line.ts';
import { executionView } from './execution-view.ts';
import { historyColumns } from './history-columns.ts';
import { type HistoryFormat, historyTypes } from './history-format.ts';
import type { Runtime } from './runtime.ts';

export interface HistoryExport extends Pick<HistoryPage, 'filter' | 'after'> {
  format: Exclude<HistoryFormat, 'json'>;
  /** Left out: all of it. */
  limit: number | undefined;
}

type View = ReturnType<typeof executionView>;

const writers: Record<HistoryExport['format'], { type: string; head: string; line(execution: View): string }> = {
  csv: {
    type: `${historyTypes.csv}; charset=utf-8; header=present`,
    head: csvLine(Object.keys(historyColumns)),
    line: (execution) => csvLine(Object.values(historyColumns).map((valueOf) => valueOf(execution))),
  },
  ndjson: { type: historyTypes.ndjson, head: '', line: (execution) => `${JSON.stringify(execution)}\n` },
};

/**
 * The history as a file, newest first, as fast as the caller reads it: one page of it is in memory, and no connection is
 * kept between pages. What fails before the first byte is a problem document; later the stream breaks off, which HTTP
 * tells from its end.
 */
export async function exportHistory(runtime: Runtime, asked: HistoryExport): Promise<Response> {
  const { now, observer } = runtime.executor;
  const { type, head } = writers[asked.format];
  const pages = pagesOf(runtime, asked);
  const encoder = new TextEncoder();
  let read = await pages.next();
  let before: string | undefined = head + read.text;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          if (before === undefined) read = await pages.next();
          const text = before ?? read.text;
          before = undefined;
          if (text !== '') controller.enqueue(encoder.encode(text));
          if (read.last) controller.close();
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error);
          observer.log('warn', `An export of the history broke off after ${read.executions} executions: ${why}`);
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
      'content-type': type,
      'content-disposition': `attachment; filename="executions-${time}Z.${asked.format}"`,
      'cache-control': 'no-store',
      vary: 'accept',
    },
  });
}

const firstRows = 50;
const mostRows = 100;
/** Pages hold as many executions as come to about that much, because one may have a long report. */
const pageLength = 512 * 1024;

/** What one page came to, and how many executions there were up to its end. */
interface Read {
  text: string;
  executions: number;
  last: boolean;
}

function pagesOf(
  { executor, kept }: Runtime,
  { filter, after, format, limit = Number.POSITIVE_INFINITY }: HistoryExport,
): { next(): Promise<Read> } {
  const { line } = writers[format];
  let position: HistoryPosition | undefined = after;
  let rows = firstRows;
  let executions = 0;
  return {
    async next() {
      if (executor.stopping.aborted) throw new Error('this replica is stopping');
      const most = Math.min(rows, limit - executions);
      const page = await listExecutions(executor.database, { filter, after: position, limit: most });
      const text = page.rows.map((row) => line(executionView(row, kept()))).join('');
      position = page.next;
      executions += page.rows.length;
      rows = Math.min(mostRows, Math.max(1, Math.floor((pageLength * page.rows.length) / Math.max(text.length, 1))));
      return { text, executions, last: page.next === undefined || executions >= limit };
    },
  };
}
