import { approve } from '../src/approvals/approve.ts';
import type { DecideRequest } from '../src/approvals/decide.ts';
import { findSeenApproval, type Question } from '../src/approvals/find-approval.ts';
import { reject } from '../src/approvals/reject.ts';
import type { Rights } from '../src/callers/rights.ts';
import { listApprovals } from '../src/database/approvals.ts';
import { defineFunction } from '../src/define-function.ts';
import type { ExecutorContext } from '../src/executor/context.ts';
import { approvalIdOf } from '../src/http/approval-id.ts';
import { parseApprovalQuery, parseDecideRequest } from '../src/http/approval-request.ts';
import { answerApproval, approvalView } from '../src/http/approval-view.ts';
import { cursorOf } from '../src/http/cursor.ts';
import { limitRate } from '../src/http/limit-rate.ts';
import { readOptionalJson } from '../src/http/read-json.ts';

/**
 * `GET /api/v1/approvals`: what somebody was asked, newest first. `GET /api/v1/approvals/{id}`: one of them.
 * `POST /api/v1/approvals/{id}/approve` and `…/reject`: decide it, with the hash of the plan that was looked at.
 */
export default defineFunction((app, runtime) => {
  const { executor } = runtime;

  app.get('/api/v1/approvals', async (c) => {
    const url = new URL(c.req.url);
    const { status, limit, cursor: after } = parseApprovalQuery(url.searchParams);
    const within = await c.get('rights').sight({});
    const { rows, next } = await listApprovals(executor.database, { status, within, after, limit });
    const cursor = next ? cursorOf(next) : null;
    if (cursor) {
      url.searchParams.set('cursor', cursor);
      c.header('link', `<${url.pathname}${url.search}>; rel="next"`);
    }
    return c.json({ items: rows.map(approvalView), next: cursor });
  });

  app.get('/api/v1/approvals/:id', async (c) =>
    answerApproval(await findSeenApproval(executor, c.get('rights'), approvalIdOf(c.req.param('id'))), runtime.kept()),
  );

  for (const [verb, decide] of Object.entries(decisions)) {
    app.post(`/api/v1/approvals/:id/${verb}`, async (c) => {
      const body = await readOptionalJson(c.req.raw);
      const request = parseDecideRequest(approvalIdOf(c.req.param('id') ?? ''), body, c.req.header('if-match'));
      const rights = c.get('rights');
      await limitRate(runtime, rights);
      return answerApproval(await decide(executor, request, rights), runtime.kept());
    });
  }
});

const decisions: Record<
  'approve' | 'reject',
  (context: ExecutorContext, request: DecideRequest, rights: Rights) => Promise<Question>
> = { approve, reject };
