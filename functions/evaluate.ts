import { defineFunction } from '../src/define-function.ts';
import { evaluate } from '../src/executor/evaluate.ts';
import { evaluationView } from '../src/http/evaluation-view.ts';
import { parseExecuteRequest } from '../src/http/parse-execute-request.ts';
import { readJson } from '../src/http/read-json.ts';

/** `POST /api/v1/evaluate`: what execute would do with the same body, and what stands against it. Nothing is done. */
export default defineFunction((app, runtime) => {
  app.post('/api/v1/evaluate', async (c) => {
    const request = parseExecuteRequest(await readJson(c.req.raw), {
      idempotencyKey: undefined,
      preference: undefined,
    });
    const rights = c.get('rights');
    const evaluation = await evaluate(runtime.executor, request, { rights, signal: c.req.raw.signal });
    return c.json(evaluationView(evaluation));
  });
});
