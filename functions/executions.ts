import { listExecutions } from '../src/database/executions.ts';
import { defineFunction } from '../src/define-function.ts';
import { acknowledge } from '../src/executor/acknowledge.ts';
import { cancel } from '../src/executor/cancel.ts';
import { resume } from '../src/executor/resume.ts';
import { rollback } from '../src/executor/rollback.ts';
import { parseAcknowledgeRequest } from '../src/http/acknowledge-request.ts';
import { answerExecution } from '../src/http/answer-execution.ts';
import { parseCancelRequest } from '../src/http/cancel-request.ts';
import { cursorOf } from '../src/http/cursor.ts';
import { executionIdOf } from '../src/http/execution-id.ts';
import { executionView } from '../src/http/execution-view.ts';
import { exportHistory } from '../src/http/export-history.ts';
import { limitRate } from '../src/http/limit-rate.ts';
import { parseHistoryRequest } from '../src/http/history-request.ts';
import { preferenceOf } from '../src/http/prefer.ts';
import { readOptionalJson } from '../src/http/read-json.ts';
import { refuseWhenStopping } from '../src/http/refuse-when-stopping.ts';
import { parseResumeRequest } from '../src/http/resume-request.ts';
import { parseRollbackRequest } from '../src/http/rollback-request.ts';

/**
 * `GET /api/v1/executions`: the history, newest first, page by page or as a file. `POST /api/v1/executions/{id}/cancel`:
 * ends one that is under way. `POST /api/v1/executions/{id}/rollback`: undoes one.
 * `POST /api/v1/executions/{id}/resume`: goes on with one. `POST /api/v1/executions/{id}/acknowledge`: its failure has been
 * looked at, and no longer holds its action back on that target.
 */
export default defineFunction((app, runtime) => {
  app.get('/api/v1/executions', async (c) => {
    const asked = parseHistoryRequest(new URL(c.req.url).searchParams, c.req.header('accept'));
    const within = await c.get('rights').sight({ action: asked.filter.action, namespace: asked.filter.namespace });
    const request = { ...asked, filter: { ...asked.filter, within } };
    if (request.format !== 'json') return await exportHistory(runtime, request);
    const { rows, next } = await listExecutions(runtime.executor.database, request);
    c.header('vary', 'accept');
    const cursor = next ? cursorOf(next) : null;
    if (cursor) {
      const url = new URL(c.req.url);
      url.searchParams.set('cursor', cursor);
      c.header('link', `<${url.pathname}${url.search}>; rel="next"`);
    }
    return c.json({ items: rows.map((row) => executionView(row, runtime.kept())), next: cursor });
  });

  app.post('/api/v1/executions/:id/cancel', async (c) => {
    const body = await readOptionalJson(c.req.raw);
    const request = parseCancelRequest(executionIdOf(c.req.param('id')), body);
    const rights = c.get('rights');
    await limitRate(runtime, rights);
    const answer = await cancel(runtime.executor, request, rights);
    return answerExecution(answer, runtime.kept());
  });

  app.post('/api/v1/executions/:id/rollback', async (c) => {
    refuseWhenStopping(runtime);
    const body = await readOptionalJson(c.req.raw);
    const { async: preference, applied } = preferenceOf(c.req.header('prefer'));
    const request = parseRollbackRequest(executionIdOf(c.req.param('id')), body, {
      idempotencyKey: c.req.header('idempotency-key'),
      later: preference && { notBefore: undefined, ...preference },
    });
    const rights = c.get('rights');
    if (!request.dryRun) await limitRate(runtime, rights);
    const answer = await rollback(runtime.executor, request, { rights, signal: new AbortController().signal });
    return answerExecution(answer, runtime.kept(), applied);
  });

  app.post('/api/v1/executions/:id/resume', async (c) => {
    refuseWhenStopping(runtime);
    const body = await readOptionalJson(c.req.raw);
    const { async: preference, applied } = preferenceOf(c.req.header('prefer'));
    const request = parseResumeRequest(executionIdOf(c.req.param('id')), body, {
      idempotencyKey: c.req.header('idempotency-key'),
      later: preference && { notBefore: undefined, ...preference },
    });
    const rights = c.get('rights');
    await limitRate(runtime, rights);
    const answer = await resume(runtime.executor, request, { rights, signal: new AbortController().signal });
    return answerExecution(answer, runtime.kept(), applied);
  });

  app.post('/api/v1/executions/:id/acknowledge', async (c) => {
    const body = await readOptionalJson(c.req.raw);
    const request = parseAcknowledgeRequest(executionIdOf(c.req.param('id')), body);
    const rights = c.get('rights');
    await limitRate(runtime, rights);
    const execution = await acknowledge(runtime.executor, request, rights);
    return answerExecution({ state: 'ended', execution, replayed: false }, runtime.kept());
  });
});
