import * as z from 'zod';
import { noUndo, plan } from '../changes/plan.ts';
import { defineAction } from './define.ts';
import { runningContainer } from './planning/running-container.ts';
import { execPath, refuseOutside } from './planning/exec-path.ts';

const irreversible = 'a heap dump changes nothing but the file that it writes; delete that file when it has served';

export const createHeapDump = defineAction({
  name: 'create_heap_dump',
  summary: "Have the JVM in a pod write its heap to a file, by the JVM's own tool.",
  targets: ['Pod'],
  risk: 'medium',
  again: 'acts',
  irreversible,
  parameters: z.strictObject({
    output_path: execPath
      .optional()
      .describe(
        'File in the container, which must not be there yet (default: a new one in the first folder of actions.exec_paths with room for it, /tmp)',
      ),
    live_objects_only: z
      .boolean()
      .default(true)
      .describe('Only objects that are still reachable, after a full garbage collection'),
    container_name: z.string().max(63).optional().describe('Required where the Pod has more than one container'),
  }),
  refuses: [
    'a container that runs no JVM, or one without its tools (found out by the run itself)',
    'an `output_path` outside the folders of `actions.exec_paths`, also where a symbolic link leads out of them',
    'a Pod with more than one container where `container_name` is not given',
    'a Pod that has finished, is terminating, or whose container does not run',
  ],
  permissions: [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] }],
  examples: [{ target: 'production/pod/web-server-0', parameters: { output_path: '/tmp/heap.hprof' } }],

  async plan({ object: pod, target, parameters, actionId, execPaths }) {
    const folder = execPaths.includes('/tmp') ? '/tmp' : execPaths[0];
    const path = parameters.output_path ?? `${folder ?? '/tmp'}/heap-${fileNameOf(actionId)}.hprof`;
    refuseOutside(path, execPaths);
    return plan({
      changes: [
        {
          kind: 'exec',
          target,
          container: runningContainer(pod, parameters.container_name),
          task: { name: 'dump_heap', path, within: [...execPaths], liveOnly: parameters.live_objects_only },
          as: 'heap_dump',
        },
      ],
      undo: noUndo(irreversible),
      warnings: ['The JVM stands still while it writes; the file holds whatever its objects do, secrets among it'],
    });
  },
});

/** A caller may have given the execution an id of its own. */
function fileNameOf(actionId: string): string {
  return actionId.replaceAll(/[^A-Za-z0-9-]/g, '-').slice(0, 64);
}
