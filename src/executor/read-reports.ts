import { endOf } from '../actions/diagnostics/fit.ts';
import type { Plan } from '../changes/plan.ts';
import type { JobLog } from '../changes/report.ts';
import type { CallOptions, Cluster } from '../kubernetes/cluster.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { type JsonObject, type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import { listAt, textAt } from '../kubernetes/value-at.ts';
import { redactText } from '../telemetry/redact-text.ts';

/** The run is over: what it has to tell may take no longer, be it late or not. */
const readWithinMs = 4_000;
const mostPods = 2;
const tailLines = 100;
/** The server cuts a log at its end, where the newest lines are: more is asked for than is kept. */
const askedBytes = 256 * 1024;
const keptBytes = 8 * 1024;

/** Reads what a plan has to report at its end. What can't be read is said there, and ends nothing. */
export async function readReports(cluster: Cluster, { reports = [] }: Plan, until?: AbortSignal): Promise<JsonObject> {
  const result: JsonObject = {};
  if (reports.length === 0) return result;
  const ends = [AbortSignal.timeout(readWithinMs), ...(until ? [until] : [])];
  const options = { signal: AbortSignal.any(ends), timeoutMs: readWithinMs };
  for (const report of reports) Object.assign(result, await jobLog(cluster, report, options));
  return result;
}

/** The ends of the logs of the newest pods, without what looks like a secret. */
async function jobLog(cluster: Cluster, { job }: JobLog, options: CallOptions): Promise<JsonObject> {
  const told = { job: describeReference(job) };
  try {
    const { items } = await cluster.list(
      {
        apiVersion: 'v1',
        kind: 'Pod',
        ...(job.namespace ? { namespace: job.namespace } : {}),
        labelSelector: `batch.kubernetes.io/job-name=${job.name}`,
      },
      options,
    );
    const newest = items.toSorted((a, b) => createdAt(b) - createdAt(a)).slice(0, mostPods);
    const logs = await Promise.all(
      newest.flatMap((pod) => containersOf(pod).map((name) => log(cluster, pod, name, options))),
    );
    return { ...told, log: logs };
  } catch (error) {
    if (!isKubernetesError(error)) throw error;
    return { ...told, log: [], log_unavailable: error.message };
  }
}

async function log(
  cluster: Cluster,
  pod: KubernetesObject,
  container: string,
  options: CallOptions,
): Promise<JsonObject> {
  const named = { pod: pod.metadata.name, container };
  try {
    const text = await cluster.logs(referenceTo(pod), { ...options, container, tailLines, limitBytes: askedBytes });
    return { ...named, text: endOf(redactText(text), keptBytes) };
  } catch (error) {
    if (!isKubernetesError(error)) throw error;
    return { ...named, unavailable: error.message };
  }
}

function containersOf(pod: KubernetesObject): string[] {
  const containers = [...listAt(pod, ['spec', 'initContainers']), ...listAt(pod, ['spec', 'containers'])];
  return containers.flatMap((container) => textAt(container, ['name']) ?? []);
}

function createdAt({ metadata }: KubernetesObject): number {
  return Date.parse(metadata.creationTimestamp ?? '') || 0;
}
