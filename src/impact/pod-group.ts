import type { KubernetesObject } from '../kubernetes/object.ts';

/** Pods that go together: those of one workload that is rolled out or scaled, or those under one budget that are taken away. */
export interface PodGroup {
  pods: KubernetesObject[];
  /** Ready pods of all that they belong to, themselves among them. */
  ready: number;
  /** How many of them are taken away or replaced in all. */
  touched: number;
  /** How many of the ready ones may be missing at one time. */
  missing: number;
  /** They don't come again: the workload is made smaller, or nothing makes them anew. */
  forGood: boolean;
  /** The workload, where the group is one. */
  workload?: KubernetesObject;
}
