import { listControls, setControl } from '../src/database/controls.ts';
import { defineFunction } from '../src/define-function.ts';
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
    const controls = await listControls(database, cluster.name);
    return c.json({ items: controls.map(controlView), next: null });
  });

  app.put('/api/v1/controls', async (c) => {
    const asked = parseControlRequest(await readJson(c.req.raw));
    const control = controlView(await setControl(database, { cluster: cluster.name, by: null, ...asked }));
    observer.log('warn', control.stopped ? 'Emergency stop' : 'Emergency stop lifted', { ...control });
    return c.json(control);
  });
});
