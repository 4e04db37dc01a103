import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes, eventually } from '../support/cluster.ts';
import { startProcess } from '../support/process.ts';
import { createDatabase } from '../support/service.ts';

const { COLLECTOR_ENDPOINT: endpoint, COLLECTOR_RECEIVED: received } = process.env;

let cluster: ConnectedCluster;
let namespace: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1']);
  namespace = await createNamespace(cluster, 'trace');
});

afterAll(async () => {
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

interface Span {
  trace: string;
  parent: string;
  id: string;
  name: string;
}

/** The spans of one trace, as the collector's log shows them. */
async function spansOf(trace: string): Promise<Span[]> {
  const text = await readFile(received ?? '', 'utf8');
  const field = (block: string, name: string) =>
    new RegExp(`^\\s+${name}\\s*: (.*)$`, 'm').exec(block)?.[1]?.trim() ?? '';
  return text
    .split(/^Span #\d+$/m)
    .slice(1)
    .map((block) => ({
      trace: field(block, 'Trace ID'),
      parent: field(block, 'Parent ID'),
      id: field(block, 'ID'),
      name: field(block, 'Name'),
    }))
    .filter((span) => span.trace === trace);
}

test.skipIf(!endpoint || !received)(
  "one trace leads from the caller's traceparent through request, phases, statements and Kubernetes calls",
  async () => {
    await createDeployment(cluster, { namespace, name: 'traced', replicas: 1 });
    const { databaseUrl, drop } = await createDatabase();
    const replica = await startProcess(databaseUrl, {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint ?? '',
      OTEL_BSP_SCHEDULE_DELAY: '200',
    });
    const trace = randomBytes(16).toString('hex');
    const caller = randomBytes(8).toString('hex');

    const response = await fetch(`${replica.url}/api/v1/execute`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${trace}-${caller}-01` },
      body: JSON.stringify({
        action: 'scale_deployment',
        parameters: { namespace, resource_name: 'traced', replicas: 2 },
      }),
    });
    const execution: unknown = await response.json();

    expect(execution).toMatchObject({ status: 'completed', trace_id: trace });
    const spans = await eventually(async () => {
      const found = await spansOf(trace);
      expect(found.map(({ name }) => name)).toContain('POST /api/v1/execute');
      return found;
    });
    const root = spans.find(({ name }) => name === 'POST /api/v1/execute');
    expect(root?.parent).toBe(caller);
    const names = spans.map(({ name }) => name);
    for (const name of [
      'target',
      'plan',
      'rules',
      'claim',
      'apply',
      'verify',
      'record',
      'claim_execution',
      'finish_execution',
    ])
      expect(names).toContain(name);
    for (const name of [
      'get deployments',
      'get deployments/scale',
      'patch deployments/scale',
      'list deployments',
      'watch deployments',
    ])
      expect(names).toContain(name);
    // Every span hangs below the request's.
    const ids = new Set(spans.map(({ id }) => id));
    for (const span of spans) if (span !== root) expect(ids).toContain(span.parent);
    await replica.stop();
    await drop();
  },
);
