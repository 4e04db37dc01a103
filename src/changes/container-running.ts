import { containerStatesOf } from '../kubernetes/container-state.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import type { ExpectationKind } from './expectation.ts';
import { found, queryOf, watchPermissions } from './object-query.ts';

/** The kubelet reports that container of that very pod as running. */
export interface ContainerRunning {
  kind: 'container_running';
  target: ObjectReference;
  container: string;
}

/** What no time mends. */
const hopeless = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull', 'CreateContainerError'];

export const containerRunningKind: ExpectationKind<ContainerRunning> = {
  describe: ({ target, container }) => `container ${container} of ${describeReference(target)} is running`,
  permissions: ({ target }) => watchPermissions(target),
  query: ({ target }) => queryOf(target),
  judge({ target, container }, objects) {
    const pod = found(target, objects);
    if (!pod) return { state: 'failed', detail: `${describeReference(target)} is gone` };
    const current = containerStatesOf(pod).find(({ name }) => name === container);
    if (current?.state === 'running') return { state: 'holds' };
    const why = [current?.reason, current?.message].filter(Boolean).join(': ');
    if (current?.state === 'terminated') {
      const code = current.termination?.exitCode ?? 0;
      return {
        state: 'failed',
        detail: `container ${container} has ended with exit code ${code}${why ? ` (${why})` : ''}`,
      };
    }
    if (hopeless.includes(current?.reason ?? '')) {
      return { state: 'failed', detail: `container ${container} can't start: ${why}` };
    }
    return { state: 'waiting', detail: `container ${container} has not started yet${why ? ` (${why})` : ''}` };
  },
};
