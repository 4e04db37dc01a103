import { kinds } from '../kinds/all.ts';
import { apiVersionOf } from '../kinds/kind.ts';
import { deployments } from '../kinds/deployment.ts';
import { type Resource, as, copy } from '../resource.ts';
import type { Deployment } from '../shapes.ts';
import type { Store } from '../store/store.ts';
import { createObject } from '../write/create-object.ts';
import { updateObject } from '../write/update-object.ts';
import { plantNamespaces } from './namespaces.ts';
import { manifests } from './manifests.ts';

/** How long the first revision of web-server is given to come up before the second one rolls out. */
const FIRST_REVISION_MS = 50;

/** Three nodes and a small shop. */
export function plantShop(store: Store): void {
  plantNamespaces(store, ['production', 'staging']);
  for (const manifest of manifests) plant(store, copy(manifest));
  // A rollback needs something to return to: the web server is at its second revision.
  setTimeout(() => {
    const found = store.get('apps/deployments', 'production', 'web-server');
    if (found) updateObject(store, { kind: deployments, namespace: 'production', name: 'web-server' }, upgrade);
  }, FIRST_REVISION_MS).unref();
}

function upgrade(draft: Resource): void {
  const [container] = as<Deployment>(draft).spec.template.spec.containers;
  if (container) container.image = 'nginx:1.29';
  draft.metadata.annotations = { ...draft.metadata.annotations, 'kubernetes.io/change-cause': 'nginx 1.29' };
}

function plant(store: Store, manifest: Resource): void {
  const kind = kinds.find((entry) => entry.kind === manifest.kind && apiVersionOf(entry) === manifest.apiVersion);
  if (!kind) throw new Error(`the sandbox has no kind ${manifest.apiVersion} ${manifest.kind}; add it to kinds/all.ts`);
  createObject(store, kind, manifest);
}
