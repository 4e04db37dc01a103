import { defineFunction } from '../src/define-function.ts';
import { demand } from '../src/executor/permit.ts';
import { parseAuditRequest } from '../src/http/audit-request.ts';
import { exportAudit } from '../src/http/export-audit.ts';

/** `GET /api/v1/audit`: a piece of the audit's chain as NDJSON, to be kept elsewhere and verified there. */
export default defineFunction((app, runtime) => {
  app.get('/api/v1/audit', async (c) => {
    // The chain holds every namespace, and shows a piece that is left out.
    await demand(c.get('rights'), 'get', { action: undefined, namespace: undefined });
    return await exportAudit(runtime, parseAuditRequest(new URL(c.req.url).searchParams));
  });
});
