import { closestNames } from '../text/closest-names.ts';
import { auditLogs } from './audit-logs.ts';
import { backupData } from './backup-data.ts';
import { cleanupStorage } from './cleanup-storage.ts';
import { collectDiagnostics } from './collect-diagnostics.ts';
import { compactStorage } from './compact-storage.ts';
import { cordonNode } from './cordon-node.ts';
import { createHeapDump } from './create-heap-dump.ts';
import type { Action } from './define.ts';
import { drainNode } from './drain-node.ts';
import { enableDebugMode } from './enable-debug-mode.ts';
import { failoverDatabase } from './failover-database.ts';
import { notifyOnly } from './notify-only.ts';
import { repairDatabase } from './repair-database.ts';
import { resetServiceMesh } from './reset-service-mesh.ts';
import { expandPvc } from './expand-pvc.ts';
import { increaseResources } from './increase-resources.ts';
import { migrateWorkload } from './migrate-workload.ts';
import { optimizeResources } from './optimize-resources.ts';
import { quarantinePod } from './quarantine-pod.ts';
import { restartDaemonSet } from './restart-daemonset.ts';
import { restartDeployment } from './restart-deployment.ts';
import { restartNetwork } from './restart-network.ts';
import { restartPod } from './restart-pod.ts';
import { restartStatefulSet } from './restart-statefulset.ts';
import { rollbackDeployment } from './rollback-deployment.ts';
import { rotateSecrets } from './rotate-secrets.ts';
import { scaleDeployment } from './scale-deployment.ts';
import { scaleStatefulSet } from './scale-statefulset.ts';
import { taintNode } from './taint-node.ts';
import { uncordonNode } from './uncordon-node.ts';
import { untaintNode } from './untaint-node.ts';
import { updateHpa } from './update-hpa.ts';
import { updateNetworkPolicy } from './update-network-policy.ts';

/** Every action that this service knows, in the order of the catalogue. */
export const actions: readonly Action[] = [
  scaleDeployment,
  scaleStatefulSet,
  restartPod,
  restartDeployment,
  restartStatefulSet,
  restartDaemonSet,
  rollbackDeployment,
  increaseResources,
  optimizeResources,
  migrateWorkload,
  enableDebugMode,
  createHeapDump,
  cordonNode,
  uncordonNode,
  taintNode,
  untaintNode,
  drainNode,
  expandPvc,
  backupData,
  cleanupStorage,
  compactStorage,
  repairDatabase,
  failoverDatabase,
  updateHpa,
  quarantinePod,
  updateNetworkPolicy,
  rotateSecrets,
  restartNetwork,
  resetServiceMesh,
  collectDiagnostics,
  auditLogs,
  notifyOnly,
];

/** The action of that name. `scale_deployment`, `scale-deployment` and `scaleDeployment` are the same; never a guess. */
export function findAction(word: string): Action | undefined {
  const name = snakeCase(word);
  return actions.find((action) => action.name === name);
}

/** Actions that were probably meant by a word that names none: those spelt alike, then those that share a word. */
export function closestActions(word: string): string[] {
  const names = actions.map(({ name }) => name);
  const words = snakeCase(word).split('_');
  const sharing = names.filter((name) => name.split('_').some((part) => words.includes(part)));
  return [...new Set([...closestNames(snakeCase(word), names, mostHints), ...sharing])].slice(0, mostHints);
}

const mostHints = 3;

function snakeCase(word: string): string {
  return word
    .trim()
    .replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`)
    .replaceAll('-', '_')
    .toLowerCase();
}
