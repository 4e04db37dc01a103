import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They wait for many rollouts, or install and build: begun last, they would run on alone. */
const long =
  /(deploy\/image|postgres\/postgres-faults|e2e\/(replicas|faults|asynchronous|scheduled-undo|circuit|admission|approvals|drain|exec|trace)|actions\/(rollback-deployment|restart-workload|maintenance-job)|matrix\/(plan-hash|part-\d+))\.test\.ts$/;

/** Files that take long begin first, also where no earlier run has left its times. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => long.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
