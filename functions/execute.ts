import { execute } from '../src/executor/execute.ts';
import { defineFunction } from '../src/define-function.ts';
import { answerExecution } from '../src/http/answer-execution.ts';
import { limitRate } from '../src/http/limit-rate.ts';
import { parseExecuteRequest } from '../src/http/parse-execute-request.ts';
import { preferenceOf } from '../src/http/prefer.ts';
import { readJson } from '../src/http/read-json.ts';
import { refuseWhenStopping } from '../src/http/refuse-when-stopping.ts';

/** `POST /api/v1/execute`: carries an action out, and answers how it went; or where to ask, where the caller prefers that. */
export default defineFunction((app, runtime) => {
  app.post('/api/v1/execute', async (c) => {
    refuseWhenStopping(runtime);
    const { async: preference, applied } = preferenceOf(c.req.header('prefer'));
    const request = parseExecuteRequest(await readJson(c.req.raw), {
      idempotencyKey: c.req.header('idempotency-key'),
      preference,
    });
    const rights = c.get('rights');
    if (!request.dryRun) await limitRate(runtime, rights);
    // A caller that goes away does not end what has begun: the run has its own deadline.
    const answer = await execute(runtime.executor, request, { rights, signal: new AbortController().signal });
    return answerExecution(answer, runtime.kept(), applied);
  });
});
