/** By the name of a parameter or member: values that mean something in the arena, so that requests get beyond their form. */
export function fuzzWords({
  executions,
  token,
  namespace,
}: {
  executions: readonly string[];
  token: string;
  namespace: string;
}): Record<string, readonly unknown[]> {
  const ids = [...executions, 'none'];
  const names = ['web-server', 'api', 'payments', 'none'];
  const moments = ['2020-01-01T00:00:00Z', '2090-01-01T00:00:00+02:00'];
  return {
    action_id: [...ids, 'fuzz-1', 'fuzz-2'],
    id: ids,
    '/api/v1/actions/{name} name': ['scale_deployment', 'drain-node', 'restart'],
    namespace: [namespace, namespace, 'nowhere', 'kube-system'],
    scope: [namespace, 'nowhere', '*'],
    name: names,
    resource_name: [...names, 'deployment/web-server'],
    resource: ['deployment/web-server', 'api', 'pod/none'],
    resource_type: ['deployment', 'pod', 'statefulset'],
    kind: ['Deployment', 'deployment', 'Pod', 'Node', 'Secret'],
    api_version: ['apps/v1', 'v1'],
    node_name: ['node-1', 'node-2', 'none'],
    // What is carried out is over soon.
    timeout: ['1s', '2s', 1_500_000_000],
    dry_run: [true, true, true, false, null],
    not_before: moments,
    since: moments,
    until: moments,
    status: ['completed', 'failed', 'queued'],
    limit: ['1', '50', '500', '501'],
    format: ['json', 'csv', 'ndjson'],
    cursor: ['bm9uZQ', 'JTVCJTVE'],
    correlation_id: ['incident-7'],
    token: [token, 'wrong'],
    'Idempotency-Key': ['key-1', 'key-2', 'key-3'],
    Prefer: ['respond-async', 'wait=0', 'wait=1', 'respond-async, wait=1', 'handling=strict'],
    traceparent: ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', '00-zz-zz-zz'],
    'X-Request-ID': ['request-7', 'a b'],
    'If-Match': ['"none"', '*', 'W/"none"'],
    'Last-Event-ID': ['0', '1', 'x'],
  };
}
