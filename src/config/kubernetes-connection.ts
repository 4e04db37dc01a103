import type { Environment } from './environment.ts';
import type { Fault } from './fault.ts';
import type { GivenValue } from './given-value.ts';
import type { Settings } from './settings.ts';

/** Which cluster: that of a kubeconfig (its files merged in order), the one this runs in, or the embedded sandbox. */
export type KubernetesConnection =
  | { kind: 'kubeconfig'; paths: string[]; context: string | undefined }
  | { kind: 'in_cluster' }
  | { kind: 'sandbox' };

export function kubernetesConnection(
  kubernetes: Settings['kubernetes'],
  environment: { env: Environment; given: ReadonlyMap<string, GivenValue> },
): { connection: KubernetesConnection; faults: Fault[] } {
  const { env, given } = environment;
  const paths = (kubernetes.config_path ?? '').split(':').filter((path) => path !== '');
  if (paths.length > 0) {
    const faults = paths.some((path) => path.startsWith('~') && !env.HOME)
      ? [
          {
            where: given.get('kubernetes.config_path')?.where ?? '',
            problem: 'executor.kubernetes.config_path has a ~, and HOME is not set',
            allowed: 'a whole path',
          },
        ]
      : [];
    const expanded = paths.map((path) => path.replace(/^~(?=\/|$)/, env.HOME ?? '~'));
    return { connection: { kind: 'kubeconfig', paths: expanded, context: kubernetes.context }, faults };
  }
  const context = given.get('kubernetes.context');
  const faults = context
    ? [
        {
          where: context.where,
          problem: 'executor.kubernetes.context names a context, and there is no kubeconfig',
          allowed: 'only together with config_path or KUBECONFIG',
        },
      ]
    : [];
  return { connection: { kind: env.KUBERNETES_SERVICE_HOST ? 'in_cluster' : 'sandbox' }, faults };
}
