import { expect } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import { eventually } from '../support/cluster.ts';
import type { Ground } from './ground.ts';

/** A container in which a scenario makes its files, and looks at what became of them. */
export interface Container {
  pod: ObjectReference;
  /** A folder of the scenario's own. */
  folder: string;
  /** Gives what it printed; fails the test where the exit code is not 0. */
  run(...command: string[]): Promise<string>;
  /** A file of that size, last written so many days ago. */
  file(path: string, shape: { bytes: number; days: number }): Promise<void>;
  /** A JVM that idles, up when it comes back; it ends with `stop`, or by itself after a minute. */
  jvm(): Promise<{ pid: string; stop(): Promise<void> }>;
  /** The paths below the folder that are there. */
  paths(): Promise<string[]>;
}

/** On a test cluster a command runs on the cluster's machine, and what it writes outlives the pod. */
export async function openContainer(ground: Ground, { spec = {} } = {}): Promise<Container> {
  const pod = await ground.barePod({ spec });
  const folder = `/var/tmp/${ground.name('files')}`;
  const container: Container = {
    pod,
    folder,
    async run(...command) {
      const { exitCode, stdout, stderr } = await ground.cluster.exec(pod, command, { container: 'app' });
      expect(exitCode, stderr.text).toBe(0);
      return stdout.text;
    },
    async file(path, { bytes, days }) {
      await container.run('truncate', '-s', String(bytes), path);
      await container.run('touch', '-d', `${days} days ago`, path);
    },
    async jvm() {
      const ended = new AbortController();
      const running = ground.cluster
        .exec(pod, ['timeout', '60', 'rmiregistry', '0'], {
          container: 'app',
          timeoutMs: 70_000,
          signal: ended.signal,
        })
        .catch(() => undefined);
      const pid = await eventually(async () => {
        const [, found] = /^(\d+) .*RegistryImpl/m.exec(await container.run('jcmd', '-l')) ?? [];
        if (!found) throw new Error('the JVM is not up yet');
        return found;
      });
      return {
        pid,
        async stop() {
          await container.run('kill', '-9', pid);
          ended.abort();
          await running;
        },
      };
    },
    async paths() {
      return (await container.run('find', folder)).split('\n').filter(Boolean).toSorted();
    },
  };
  await container.run('mkdir', '-p', folder);
  return container;
}
