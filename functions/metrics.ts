import { Refusal } from '../src/actions/refusal.ts';
import { defineFunction } from '../src/define-function.ts';

/** `GET /metrics`: Prometheus text. */
export default defineFunction((app, runtime) => {
  app.get('/metrics', async () => {
    if (!runtime.metrics) {
      throw new Refusal('not_found', 'Metrics are switched off', {
        hint: 'Set monitoring.enable_metrics to true; an edge runtime has none',
      });
    }
    const { contentType, text } = await runtime.metrics();
    return new Response(text, { headers: { 'content-type': contentType } });
  });
});
