import type { TargetRecord } from '../executor/record.ts';

/** An object of the cluster, as every answer has it. */
export function targetView({ cluster, apiVersion, kind, namespace, name, uid }: TargetRecord) {
  return { cluster, api_version: apiVersion, kind, namespace: namespace ?? null, name, uid: uid ?? null };
}
