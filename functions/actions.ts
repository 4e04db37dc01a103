import { closestActions, findAction } from '../src/actions/registry.ts';
import { Refusal } from '../src/actions/refusal.ts';
import { defineFunction } from '../src/define-function.ts';
import { actionView } from '../src/http/action-view.ts';

/** `GET /api/v1/actions`, `/api/v1/actions/{name}`: what can be done, with schemas and examples. */
export default defineFunction((app, runtime) => {
  app.get('/api/v1/actions', (c) => c.json({ items: runtime.executor.actions.map(actionView), next: null }));

  app.get('/api/v1/actions/:name', (c) => {
    const name = c.req.param('name');
    const action = findAction(name);
    if (action) return c.json(actionView(action));
    const closest = closestActions(name);
    throw new Refusal('not_found', `There is no action ${name.slice(0, 100)}`, {
      hint: closest.length > 0 ? `Did you mean ${closest.join(' or ')}?` : 'GET /api/v1/actions lists the actions',
    });
  });
});
