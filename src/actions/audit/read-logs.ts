import { isKubernetesError } from '../../kubernetes/errors.ts';
import { type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { logsIn } from '../diagnostics/logs-in.ts';

/** A log as far as it was read. */
export interface LogRead {
  pod: string;
  container: string;
  previous: boolean;
  text: string;
  /** There was more in that time than was read. */
  truncated: boolean;
  unavailable?: string;
}

const mostLogs = 20;
const mostLines = 5_000;
const mostBytes = 1024 * 1024;

/** The newest lines of so many containers, of the pods that come first. `unread` counts the logs that had no turn. */
export async function readLogs(
  cluster: ClusterReader,
  pods: readonly KubernetesObject[],
  sinceSeconds: number,
): Promise<{ logs: LogRead[]; unread: number }> {
  const all = pods.flatMap(logsIn);
  const logs = await Promise.all(
    all.slice(0, mostLogs).map(async ({ pod, container, previous }): Promise<LogRead> => {
      const named = { pod: pod.metadata.name, container, previous };
      try {
        const options = { container, previous, sinceSeconds, tailLines: mostLines, limitBytes: mostBytes };
        const text = await cluster.logs(referenceTo(pod), options);
        const truncated = text.length >= mostBytes || text.split('\n').length > mostLines;
        return { ...named, text, truncated };
      } catch (error) {
        if (!isKubernetesError(error) || error.reason === 'aborted') throw error;
        return { ...named, text: '', truncated: false, unavailable: error.message };
      }
    }),
  );
  return { logs, unread: Math.max(0, all.length - mostLogs) };
}
