import { defineFunction } from '../src/define-function.ts';
import { openApiDocument } from '../src/http/openapi.ts';
import type { JsonObject } from '../src/json.ts';

/** `GET /openapi.json`: the contract, as OpenAPI 3.1. */
export default defineFunction((app, runtime) => {
  // Made when it is first asked for: a start should not wait for it.
  let document: JsonObject | undefined;
  app.get('/openapi.json', (c) => {
    document ??= openApiDocument({ actions: runtime.executor.actions, version: runtime.version.version });
    return c.json(document);
  });
});
