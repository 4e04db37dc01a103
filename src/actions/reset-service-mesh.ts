import * as z from 'zod';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import { referenceTo } from '../kubernetes/object.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { defineTargetOptionalAction } from './define.ts';
import { restartInTurn } from './planning/restart-in-turn.ts';
import { restartRefuses } from './planning/restart-workload.ts';
import {
  controlPlaneOf,
  injectedWorkloads,
  type MeshType,
  meshTypes,
  namespaceOfMesh,
} from './planning/service-meshes.ts';
import { Refusal } from './refusal.ts';

export const resetServiceMesh = defineTargetOptionalAction({
  name: 'reset_service_mesh',
  summary: "Replace the pods of a service mesh's control plane, then those that have its proxy in a namespace.",
  targets: ['Namespace'],
  risk: 'high',
  again: 'acts',
  irreversible: 'a restart leaves the workloads as they were',
  parameters: z.strictObject({
    mesh_type: z.enum(meshTypes).optional().describe('The mesh (default: the one that is installed)'),
    restart_workloads: z
      .boolean()
      .default(false)
      .describe("Then restart the namespace's workloads that have the mesh's proxy; needs a namespace as the target"),
  }),
  refuses: [
    'a mesh that the cluster does not have (`target_not_found`), and none named where there are several',
    '`restart_workloads` without a namespace: it would restart the whole cluster',
    restartRefuses.paused,
    restartRefuses.onDelete,
  ],
  permissions: [
    {
      apiGroups: ['apps'],
      resources: ['deployments', 'statefulsets', 'daemonsets'],
      verbs: ['list', 'watch', 'patch'],
    },
  ],
  examples: [
    { parameters: { mesh_type: 'istio' } },
    { target: 'namespace/production', parameters: { mesh_type: 'linkerd', restart_workloads: true } },
  ],

  async plan({ cluster, object: namespace, parameters, now }) {
    if (parameters.restart_workloads && !namespace) throw withoutNamespace();
    const { type, controlPlane } = await installedMesh(cluster, parameters.mesh_type);
    if (!namespace) return restartInTurn(controlPlane, { now });
    const named = describeReference(referenceTo(namespace));
    if (!parameters.restart_workloads) {
      const warnings = [`The workloads of ${named} are left alone: restart_workloads is false`];
      return restartInTurn(controlPlane, { now, warnings });
    }
    const injected = (await injectedWorkloads(cluster, type, namespace)).filter(notAmong(controlPlane));
    const warnings = injected.length > 0 ? [] : [`${named} has no workload with the proxy of ${type}`];
    return restartInTurn([...controlPlane, ...(injected.length > 0 ? [injected] : [])], { now, warnings });
  },
});

interface InstalledMesh {
  type: MeshType;
  controlPlane: KubernetesObject[][];
}

async function installedMesh(cluster: ClusterReader, asked: MeshType | undefined): Promise<InstalledMesh> {
  const looked = await Promise.all(
    (asked ? [asked] : meshTypes).map(async (type) => ({ type, controlPlane: await controlPlaneOf(cluster, type) })),
  );
  const [found, ...others] = looked.filter(({ controlPlane }) => controlPlane.length > 0);
  if (!found) {
    const where = looked.map(({ type }) => `${type} in ${namespaceOfMesh(type)}`).join(', ');
    throw new Refusal('target_not_found', `${cluster.name} has no control plane of ${asked ?? 'a service mesh'}`, {
      hint: `Looked for ${where}`,
    });
  }
  if (others.length === 0) return found;
  const types = [found, ...others].map(({ type }) => type).join(' and ');
  const detail = `${cluster.name} has ${types}: mesh_type says which one is meant`;
  throw new Refusal('validation_failed', detail, { errors: [{ pointer: '/parameters/mesh_type', detail }] });
}

function withoutNamespace(): Refusal {
  const detail = 'restart_workloads needs a namespace: without one it would restart every workload of the cluster';
  return new Refusal('validation_failed', detail, {
    errors: [{ pointer: '/target', detail }],
    hint: 'Give target {"kind": "Namespace", "name": …}, or leave restart_workloads out',
  });
}

/** The namespace may be the mesh's own. */
function notAmong(groups: KubernetesObject[][]): (object: KubernetesObject) => boolean {
  const uids = groups.flat().map(({ metadata }) => metadata.uid);
  return ({ metadata }) => !uids.includes(metadata.uid);
}
