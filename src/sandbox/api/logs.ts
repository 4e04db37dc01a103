import { storageOf } from '../kinds/kind.ts';
import { pods } from '../kinds/pod.ts';
import { as } from '../resource.ts';
import type { ContainerStatus, Pod } from '../shapes.ts';
import type { Store } from '../store/store.ts';
import { plain } from './answer.ts';
import { numberOf } from './read.ts';
import type { ApiRequest } from './request.ts';
import { badRequest, invalid, notFound } from './status-error.ts';

/** GET of a pod's `log` subresource: a few plausible lines, with the parameters that cut them. `follow` ends at once. */
export function logs(store: Store, request: ApiRequest): Response {
  const { namespace, name = '' } = request.target;
  const found = store.get(storageOf(pods), namespace, name);
  if (!found) throw notFound(pods, name);
  const pod = as<Pod>(found);
  checkNumbers(request, name);
  const container = containerOf(pod, request.query.get('container') ?? '');
  const status = pod.status.containerStatuses?.find((entry) => entry.name === container);
  if (!status) throw badRequest(`container "${container}" in pod "${name}" is waiting to start: ContainerCreating`);
  const previous = ['true', '1'].includes(request.query.get('previous') ?? '');
  if (previous && !status.lastState?.terminated)
    throw badRequest(`previous terminated container "${container}" in pod "${name}" not found`);
  return plain(cut(linesOf(pod, status, previous), store.now(), request.query));
}

interface Line {
  time: Date;
  text: string;
}

/** A crashed container tells why; one that runs tells little. */
function linesOf(pod: Pod, status: ContainerStatus, previous: boolean): Line[] {
  const started = Date.parse(pod.status.startTime ?? pod.metadata.creationTimestamp ?? '');
  const crashed = previous || status.state?.waiting !== undefined;
  const texts = crashed
    ? [
        `INFO starting ${status.name} (${status.image})`,
        'INFO loading configuration',
        'ERROR connection refused: db:5432',
        'FATAL out of memory, exit 137',
      ]
    : [
        `INFO starting ${status.name} (${status.image})`,
        'INFO loading configuration',
        'WARN authentication failed for user admin',
        'INFO ready',
      ];
  return texts.map((text, index) => ({ time: new Date(started + index), text }));
}

function cut(lines: Line[], now: Date, query: URLSearchParams): string {
  const sinceSeconds = numberOf(query, 'sinceSeconds');
  const sinceTime = Date.parse(query.get('sinceTime') ?? '');
  const oldest = sinceSeconds > 0 ? now.getTime() - sinceSeconds * 1000 : Number.isNaN(sinceTime) ? 0 : sinceTime;
  const recent = lines.filter((line) => line.time.getTime() >= oldest);
  const tail = query.has('tailLines') ? numberOf(query, 'tailLines') : recent.length;
  const stamped = ['true', '1'].includes(query.get('timestamps') ?? '');
  const text = recent
    .slice(recent.length - Math.min(tail, recent.length))
    .map((line) => `${stamped ? `${line.time.toISOString()} ` : ''}${line.text}\n`)
    .join('');
  const limit = numberOf(query, 'limitBytes');
  return limit > 0 ? Buffer.from(text).subarray(0, limit).toString() : text;
}

function containerOf(pod: Pod, asked: string): string {
  const names = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map((container) => container.name);
  if (asked !== '') {
    if (!names.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${pod.metadata.name}`);
    return asked;
  }
  const [only = '', ...others] = pod.spec.containers.map((container) => container.name);
  if (others.length > 0)
    throw badRequest(
      `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${[only, ...others].join(' ')}]`,
    );
  return only;
}

function checkNumbers(request: ApiRequest, name: string): void {
  const least = { tailLines: 0, sinceSeconds: 1, limitBytes: 1 };
  const causes = Object.entries(least).flatMap(([field, minimum]) => {
    const value = numberOf(request.query, field);
    if (!request.query.has(field) || value >= minimum) return [];
    const message = `Invalid value: ${value}: must be greater than ${minimum === 0 ? 'or equal to 0' : '0'}`;
    return [{ reason: 'FieldValueInvalid', message, field }];
  });
  if (causes.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, name, causes);
}
