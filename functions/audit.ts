import { defineFunction } from '../src/define-function.ts';
import { parseAuditRequest } from '../src/http/audit-request.ts';
import { exportAudit } from '../src/http/export-audit.ts';

/** `GET /api/v1/audit`: a piece of the audit's chain as NDJSON, to be kept elsewhere and verified there. */
export default defineFunction((app, runtime) => {
  app.get('/api/v1/audit', async (c) => {
    return await exportAudit(runtime, parseAuditRequest(new URL(c.req.url).searchParams));
  });
});
