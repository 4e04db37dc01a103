import type { Fetch } from '../../src/kubernetes/transport.ts';

/** What a replica asks of the API server, each once: `get nodes`, `patch deployments.apps/scale`. */
export function recordCalls(): { calls: Set<string>; record: (send: Fetch) => Fetch } {
  const calls = new Set<string>();
  const record =
    (send: Fetch): Fetch =>
    async (url, init) => {
      const call = callOf(init.method ?? 'GET', new URL(url));
      if (call) calls.add(call);
      return await send(url, init);
    };
  return { calls, record };
}

/** Undefined: of no object, such as discovery. */
function callOf(method: string, { pathname, searchParams }: URL): string | undefined {
  const [, group = '', rest = ''] = /^\/(?:api|apis\/([^/]+))\/[^/]+\/(.+)$/.exec(pathname) ?? [];
  if (rest === '') return undefined;
  const parts = rest.split('/');
  const [resource = '', name, subresource] = parts[0] === 'namespaces' && parts.length > 2 ? parts.slice(2) : parts;
  const reads = searchParams.get('watch') ? 'watch' : name === undefined ? 'list' : 'get';
  const verb = { GET: reads, POST: 'create', PATCH: 'patch', PUT: 'update', DELETE: 'delete' }[method] ?? method;
  return `${verb} ${resource}${group && `.${group}`}${subresource ? `/${subresource}` : ''}`;
}
