import { Agent, request } from 'undici';

/** A caller of the service with connections that stay open, as the workflow service's are. */
export function httpClient(url: string, connections: number) {
  const dispatcher = new Agent({ connections, keepAliveTimeout: 30_000 });
  return {
    async execute(action: string, parameters: Record<string, unknown>): Promise<Record<string, unknown>> {
      const { statusCode, body } = await request(`${url}/api/v1/execute`, {
        dispatcher,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ action, parameters }),
      });
      const answer: unknown = await body.json();
      if (
        statusCode !== 200 ||
        typeof answer !== 'object' ||
        answer === null ||
        !('success' in answer) ||
        answer.success !== true
      ) {
        throw new Error(`${action} answered ${statusCode}: ${JSON.stringify(answer).slice(0, 500)}`);
      }
      return { ...answer };
    },
    /** Without waiting for the end. */
    async enqueue(action: string, parameters: Record<string, unknown>): Promise<void> {
      const { statusCode, body } = await request(`${url}/api/v1/execute`, {
        dispatcher,
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer: 'respond-async' },
        body: JSON.stringify({ action, parameters }),
      });
      const answer = await body.text();
      // Its end may come before the answer is written.
      if (statusCode !== 202 && statusCode !== 200) throw new Error(`${action} answered ${statusCode}: ${answer}`);
    },
    close: () => dispatcher.close(),
  };
}
