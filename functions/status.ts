import { Refusal } from '../src/actions/refusal.ts';
import { findExecution } from '../src/database/executions.ts';
import { defineFunction } from '../src/define-function.ts';
import { executionView } from '../src/http/execution-view.ts';

/** `GET /api/v1/status/{action_id}`: one execution, whole. */
export default defineFunction((app, runtime) => {
  app.get('/api/v1/status/:action_id', async (c) => {
    const id = c.req.param('action_id');
    const execution = await findExecution(runtime.executor.database, id);
    if (!execution) {
      throw new Refusal('execution_not_found', `There is no execution ${id.slice(0, 128)}`, { hint: 'GET /api/v1/executions lists those that are kept' });
    }
    return c.json(executionView(execution, runtime.historyMs));
  });
});
