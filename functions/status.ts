import { defineFunction } from '../src/define-function.ts';
import { findSeen } from '../src/executor/permit.ts';
import { executionIdOf } from '../src/http/execution-id.ts';
import { executionView } from '../src/http/execution-view.ts';

/** `GET /api/v1/status/{action_id}`: one execution, whole. */
export default defineFunction((app, runtime) => {
  app.get('/api/v1/status/:action_id', async (c) => {
    const id = executionIdOf(c.req.param('action_id'));
    const execution = await findSeen(runtime.executor, c.get('rights'), id);
    return c.json(executionView(execution, runtime.kept()));
  });
});
