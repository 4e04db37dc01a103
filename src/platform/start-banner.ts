/** What a newcomer reads first: what was started, and what to try. */
export function startBanner({
  port,
  embedded,
  cluster,
}: {
  port: number;
  embedded: readonly string[];
  cluster: string;
}): string {
  const at = `http://127.0.0.1:${port}`;
  const body = {
    action: { action: 'scale-deployment', parameters: { replicas: 3 }, priority: 1 },
    alert: { name: 'HighCPUUsage', severity: 'critical', namespace: 'production', resource: 'deployment/web-server' },
  };
  return [
    '',
    `K8s Executor Service on ${at}, acting on the cluster "${cluster}".`,
    ...embedded.map((line) => `  ${line}`),
    '',
    'Try:',
    `  curl -X POST ${at}/api/v1/execute -H 'Content-Type: application/json' \\`,
    `    -d '${JSON.stringify(body)}'`,
    `  curl ${at}/api/v1/executions`,
    `  curl ${at}/health`,
    '',
    '',
  ].join('\n');
}
