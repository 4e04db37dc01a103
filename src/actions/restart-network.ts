import * as z from 'zod';
import { nameFault } from '../kubernetes/names.ts';
import { defineTargetOptionalAction } from './define.ts';
import { findNetworkComponent, networkComponents } from './planning/network-components.ts';
import { restartInTurn } from './planning/restart-in-turn.ts';
import { restartRefuses } from './planning/restart-workload.ts';
import { Refusal } from './refusal.ts';

export const restartNetwork = defineTargetOptionalAction({
  name: 'restart_network',
  summary: "Replace the pods of a part of the cluster's network: its DNS, its proxies or its CNI plug-in.",
  // The cluster as a whole.
  targets: [],
  risk: 'high',
  again: 'acts',
  irreversible: 'a restart leaves the workloads as they were',
  // Its components live where nothing else may be touched.
  actsOnProtected: true,
  parameters: z.strictObject({
    component: z
      .string()
      .refine((name) => nameFault(name) === undefined, 'must be coredns, kube-proxy, cni, or the name of a workload')
      .describe(
        "`coredns`, `kube-proxy`, `cni` (whichever is installed), or the name of a DaemonSet or Deployment in kube-system or a CNI plug-in's own namespace",
      ),
  }),
  refuses: [
    'a component that the cluster does not have (`target_not_found`)',
    restartRefuses.paused,
    restartRefuses.onDelete,
    'a workload with a protected label (that its namespace is protected does not count here)',
  ],
  permissions: [{ apiGroups: ['apps'], resources: ['daemonsets', 'deployments'], verbs: ['list', 'watch', 'patch'] }],
  examples: [{ parameters: { component: 'coredns' } }, { parameters: { component: 'cni' } }],

  async plan({ cluster, parameters: { component }, now }) {
    const { matching, present } = await findNetworkComponent(cluster, component);
    if (matching.length === 0) {
      const names = [...new Set(present.map(({ metadata }) => metadata.name))].toSorted();
      throw new Refusal('target_not_found', `${cluster.name} has no ${component} among the workloads of its network`, {
        hint:
          names.length > 0
            ? `There are ${names.slice(0, mostNamed).join(', ')}`
            : `Known by themselves are ${networkComponents.join(', ')}`,
      });
    }
    // One after the other: nodes that lose two parts of their network at once come back later.
    const inTurn = matching.toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name)).map((each) => [each]);
    return restartInTurn(inTurn, { now });
  },
});

const mostNamed = 20;
