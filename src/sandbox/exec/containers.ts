import { durationMs } from '../controllers/duration-ms.ts';
import { isRecord, records } from '../resource.ts';
import type { Container, Pod } from '../shapes.ts';
import type { Store } from '../store/store.ts';
import { fileOf } from './file-programs.ts';
import { FileTree } from './file-tree.ts';
import { Processes } from './processes.ts';
import { programOf } from './programs.ts';
import type { Surroundings } from './program.ts';

/** What is in a pod's containers from the start: `[{"path":"/var/log/a.log","size":1024,"age":"8d"}]`, also with `to` for a link. */
const FILES = 'sandbox/files';
const DAY_MS = 86_400_000;

interface Inside {
  files: FileTree;
  processes: Processes;
}

/** The insides of each container, kept as long as its pod is there. */
export function createContainers(store: Store): {
  /** Undefined where the container has no such program. */
  run(
    pod: Pod,
    container: Container,
    command: string[],
    output: Pick<Surroundings, 'out' | 'err'>,
  ): Promise<number> | undefined;
  close(): void;
} {
  const known = new Map<string, Map<string, Inside>>();
  return {
    run(pod, container, command, output) {
      const { files, processes } = insideOf(pod, container);
      const around: Surroundings = { files, processes, now: store.now, ...output, run };
      return run(command);

      function run([name = '', ...args]: string[]): Promise<number> | undefined {
        const program = programOf(container.image ?? '', name);
        return program && Promise.resolve(program(args, around));
      }
    },
    close() {
      for (const uid of known.keys()) forget(uid);
    },
  };

  function insideOf(pod: Pod, container: Container): Inside {
    forgetGone();
    const uid = pod.metadata.uid ?? '';
    const all = known.get(uid) ?? new Map<string, Inside>();
    known.set(uid, all);
    const inside = all.get(container.name) ?? furnished(pod, container);
    all.set(container.name, inside);
    return inside;
  }

  function furnished(pod: Pod, container: Container): Inside {
    const mounts = (container.volumeMounts ?? []).map(({ mountPath }) => mountPath);
    const files = new FileTree(store.now, mounts);
    for (const { path, size, age, to, content } of seeds(pod)) {
      if (typeof path !== 'string') continue;
      files.makeFolders(path.replace(/\/[^/]*$/, ''));
      const text = typeof content === 'string' ? content : '';
      const changed = store.now().getTime() - ageMs(age);
      if (typeof to === 'string') files.link(path, to);
      else files.put(path, () => fileOf(text, Number(size ?? text.length), changed));
    }
    const isJvm = /java|jdk|jre|temurin|corretto|tomcat/.test(container.image ?? '');
    return { files, processes: new Processes({ name: isJvm ? '/app/app.jar' : container.name, isJvm }) };
  }

  function forgetGone(): void {
    if (known.size === 0) return;
    const there = new Set(store.list('/pods').map((pod) => pod.metadata.uid));
    for (const uid of known.keys()) if (!there.has(uid)) forget(uid);
  }

  function forget(uid: string): void {
    for (const { processes } of known.get(uid)?.values() ?? []) processes.endAll();
    known.delete(uid);
  }
}

function seeds(pod: Pod): Record<string, unknown>[] {
  try {
    const said: unknown = JSON.parse(pod.metadata.annotations?.[FILES] ?? '[]');
    return records(said).filter(isRecord);
  } catch {
    return [];
  }
}

/** `8d` besides the units that Kubernetes knows. */
function ageMs(age: unknown): number {
  const text = typeof age === 'string' ? age : '0s';
  const days = /^(\d+)d$/.exec(text)?.[1];
  return days === undefined ? (durationMs(text) ?? 0) : Number(days) * DAY_MS;
}
