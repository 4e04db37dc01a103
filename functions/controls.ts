import type { Rights } from '../src/callers/rights.ts';
import { type Control, listControls, setControl } from '../src/database/controls.ts';
import { defineFunction } from '../src/define-function.ts';
import { demand } from '../src/executor/permit.ts';
import { parseControlRequest } from '../src/http/control-request.ts';
import { controlView } from '../src/http/control-view.ts';
import { readJson } from '../src/http/read-json.ts';

/**
 * `GET /api/v1/controls`: what is stopped, or was. `PUT /api/v1/controls`: stops the whole cluster or a namespace, or lifts
 * the stop; every replica obeys within a second.
 */
export default defineFunction((app, runtime) => {
  const { database, cluster, observer } = runtime.executor;

  app.get('/api/v1/controls', async (c) => {
    const all = await listControls(database, cluster.name);
    const controls = await seenBy(c.get('rights'), all);
    return c.json({ items: controls.map(controlView), next: null });
  });

  app.put('/api/v1/controls', async (c) => {
    const asked = parseControlRequest(await readJson(c.req.raw));
    const rights = c.get('rights');
    const namespace = asked.scope === '*' ? undefined : asked.scope;
    await demand(rights, 'control', { action: undefined, namespace });
    const by = rights.name ?? null;
    const control = controlView(await setControl(database, { cluster: cluster.name, by, ...asked }));
    observer.log('warn', control.stopped ? 'Emergency stop' : 'Emergency stop lifted', { ...control });
    return c.json(control);
  });
});

/** A stop of the whole cluster is everybody's concern; that of a namespace is of whoever sees something there. */
async function seenBy(rights: Rights, controls: readonly Control[]): Promise<Control[]> {
  const seen: Control[] = [];
  for (const control of controls) {
    if (control.scope === '*' || (await seesSomethingIn(rights, control.scope))) seen.push(control);
  }
  return seen;
}

/** Asked of that namespace: one in which nothing was ever done is in no part of the history. */
async function seesSomethingIn(rights: Rights, namespace: string): Promise<boolean> {
  const sights = await rights.sight({ namespace });
  return sights.some(({ namespaces }) => namespaces === '*' || namespaces.includes(namespace));
}
