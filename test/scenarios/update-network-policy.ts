import { expect } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import type { Ground } from './ground.ts';
import type { Effect, Scenarios } from './scenario.ts';

const fromGateway = [{ from: [{ podSelector: { matchLabels: { app: 'gateway' } } }] }];

export const scenarios: Scenarios = {
  effects: {
    'the ingress is closed': async (ground) =>
      await changed(ground, { action_type: 'deny_ingress' }, { ingress: undefined, policyTypes: ['Ingress'] }),
    'the egress is closed as well, and the ingress stays': async (ground) =>
      await changed(
        ground,
        { action_type: 'deny_egress' },
        { ingress: fromGateway, egress: undefined, policyTypes: ['Ingress', 'Egress'] },
      ),
    'the ingress is opened': async (ground) =>
      await changed(ground, { action_type: 'allow_ingress' }, { ingress: [{}], policyTypes: ['Ingress'] }),
    'the egress is opened': async (ground) =>
      await changed(ground, { action_type: 'allow_egress' }, { egress: [{}], policyTypes: ['Ingress', 'Egress'] }),
    'rules of its own for both directions': async (ground) =>
      await changed(
        ground,
        {
          rules: {
            ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 8080 }] }],
            egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }] }],
          },
        },
        {
          ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 8080, protocol: 'TCP' }] }],
          egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }] }],
          policyTypes: ['Ingress', 'Egress'],
        },
      ),
  },
  refusals: {
    'nothing given': async (ground) => ({
      target: await policy(ground),
      parameters: {},
      code: 'validation_failed',
      detail: /must give either action_type or rules/,
    }),
    'a misspelt key, which would open the policy to everything': async (ground) => ({
      target: await policy(ground),
      parameters: { rules: { ingress: [{ form: [{ podSelector: {} }] }] } },
      code: 'validation_failed',
      detail: /rules\/ingress\/0\/form.*is not known here/,
    }),
    'a policy that a GitOps controller manages': async (ground) => ({
      target: await policy(ground, { 'kustomize.toolkit.fluxcd.io/name': 'shop' }),
      parameters: { action_type: 'deny_ingress' },
      code: 'gitops_managed',
      detail: /is managed by Flux/,
    }),
  },
  unusedPermissions: {
    'list networkpolicies.networking.k8s.io':
      "the write's own answer proves the effect; a run that is settled after a crash has to look",
    'watch networkpolicies.networking.k8s.io': 'likewise',
  },
};

async function changed(
  ground: Ground,
  parameters: Record<string, unknown>,
  wanted: Record<string, unknown>,
): Promise<Effect> {
  const target = await policy(ground);
  return {
    target,
    parameters,
    see: async () => {
      const { spec } = await ground.read(target);
      const { ingress, egress, policyTypes } = spec as Record<string, unknown>;
      expect({ ingress, egress, policyTypes }).toEqual({ ingress: fromGateway, egress: undefined, ...wanted });
    },
  };
}

async function policy(ground: Ground, labels: Record<string, string> = {}): Promise<ObjectReference> {
  const name = ground.name('policy');
  const kind = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' };
  await ground.create({
    ...kind,
    metadata: { name, namespace: ground.namespace, labels },
    spec: { podSelector: { matchLabels: { app: name } }, policyTypes: ['Ingress'], ingress: fromGateway },
  });
  return { ...kind, namespace: ground.namespace, name };
}
