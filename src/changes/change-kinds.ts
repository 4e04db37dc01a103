import type { Change, ChangeKind, ChangeStep } from './change.ts';
import { createKind } from './create.ts';
import { deleteKind } from './delete.ts';
import { evictKind } from './evict.ts';
import { execKind } from './exec.ts';
import { patchKind } from './patch.ts';
import { renewKind } from './renew.ts';
import { restartKind } from './restart.ts';
import { copySecretKind } from './secrets/copy-secret.ts';
import { regenerateSecretKind } from './secrets/regenerate-secret.ts';
import { restoreSecretKind } from './secrets/restore-secret.ts';
import { runJobKind } from './run-job.ts';
import { waitKind } from './wait.ts';

const kinds = {
  patch: patchKind,
  create: createKind,
  delete: deleteKind,
  evict: evictKind,
  wait: waitKind,
  exec: execKind,
  restart: restartKind,
  renew: renewKind,
  copy_secret: copySecretKind,
  regenerate_secret: regenerateSecretKind,
  restore_secret: restoreSecretKind,
  run_job: runJobKind,
};

/** The six answers for a change of any kind. */
export function changeKind<C extends Change>(change: C): ChangeKind<C> {
  return ofItsKind(kinds[change.kind]);
}

/** The steps' changes in one row, in the order of the plan. */
export function changesOf(steps: readonly ChangeStep[]): Change[] {
  return steps.flat();
}

/** Whether the change only makes an object of this service's own, and so alters nothing that is there. */
export function onlyMakes({ kind }: Change): boolean {
  return kind === 'create' || kind === 'copy_secret' || kind === 'run_job';
}

/** The table pairs each kind with its own change, a relation that the index type loses. */
function ofItsKind<C extends Change>(kind: unknown): ChangeKind<C> {
  return kind as ChangeKind<C>;
}
