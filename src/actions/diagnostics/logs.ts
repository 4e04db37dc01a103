import { isKubernetesError } from '../../kubernetes/errors.ts';
import { type JsonObject, type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { redactText } from '../../telemetry/redact-text.ts';
import { endOf } from './fit.ts';
import { logsIn } from './logs-in.ts';

const mostPods = 5;
const mostLogs = 12;
/** The server cuts a log at its end, where the newest lines are: more is asked for than is kept. */
const askedBytes = 1024 * 1024;

export interface LogWanted {
  tailLines: number;
  since: Date;
  now: Date;
  /** For all logs together. */
  limitBytes: number;
}

/** The newest lines of the containers of the first pods, and the last ones of what ran before a restart. */
export async function logsOf(
  cluster: ClusterReader,
  pods: readonly KubernetesObject[],
  { tailLines, since, now, limitBytes }: LogWanted,
): Promise<JsonObject[]> {
  const wanted = pods.slice(0, mostPods).flatMap(logsIn).slice(0, mostLogs);
  const share = Math.floor(limitBytes / Math.max(wanted.length, 1)) - 256;
  const sinceSeconds = Math.max(1, Math.ceil((now.getTime() - since.getTime()) / 1000));
  return Promise.all(
    wanted.map(async ({ pod, container, previous }): Promise<JsonObject> => {
      const named = { pod: pod.metadata.name, container, previous };
      try {
        const options = { container, previous, tailLines, limitBytes: askedBytes };
        // What a container said before it ended counts however long ago that was.
        const text = await cluster.logs(referenceTo(pod), previous ? options : { ...options, sinceSeconds });
        return { ...named, text: endOf(redactText(text), share) };
      } catch (error) {
        if (!isKubernetesError(error) || error.reason === 'aborted') throw error;
        return { ...named, unavailable: error.message };
      }
    }),
  );
}
