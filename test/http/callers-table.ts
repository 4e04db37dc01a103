import type { Column } from './caller-modes.ts';

/** What the table's requests are about. */
export interface TableGround {
  own: string;
  foreign: string;
  node: string;
  /** Executions: of the own namespace, done and failed; of the other one; of a node. */
  done: string;
  failed: string;
  foreignDone: string;
  ofNode: string;
  /** Approvals that are pending: in the own namespace, and in the other one. */
  asked: string;
  foreignAsked: string;
  /** Of whoever asks. */
  token: string;
}

export interface TableRequest {
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Row {
  operation: string;
  about: string;
  request(ground: TableGround): TableRequest;
  /** The same of something that is not there: whoever is refused the one must not be able to tell it from this. */
  missing?(ground: TableGround): TableRequest;
  answers: Record<Column, number>;
}

/**
 * Who is answered what, by every operation of the document: one that is in no row fails the test. Nothing of it has an
 * effect: runs are dry runs, what is stopped is only let go again, what is to be cancelled is over.
 */
export const rows: readonly Row[] = [
  row('POST /api/v1/execute', 'a target in the own namespace', [401, 401, 403, 403, 200, 403, 200], {
    request: ({ own }) => scale(own, 'web'),
    missing: ({ own }) => scale(own, 'none'),
  }),
  row('POST /api/v1/execute', 'a target in another namespace', [401, 401, 200, 403, 403, 403, 200], {
    request: ({ foreign }) => scale(foreign, 'web'),
    missing: ({ foreign }) => scale(foreign, 'none'),
  }),
  row('POST /api/v1/execute', 'a node', [401, 401, 403, 403, 403, 403, 200], {
    request: ({ node }) => cordon(node),
    missing: () => cordon('none'),
  }),
  row('POST /api/v1/execute', 'no target at all', [401, 401, 403, 403, 403, 403, 200], {
    request: () => execute({ action: 'notify_only', parameters: { message: 'hello' } }),
  }),

  row('POST /api/v1/evaluate', 'a target in the own namespace', [401, 401, 403, 403, 200, 403, 200], {
    request: ({ own }) => evaluate(scale(own, 'web')),
    missing: ({ own }) => evaluate(scale(own, 'none')),
  }),
  row('POST /api/v1/evaluate', 'a target in another namespace', [401, 401, 200, 403, 403, 403, 200], {
    request: ({ foreign }) => evaluate(scale(foreign, 'web')),
    missing: ({ foreign }) => evaluate(scale(foreign, 'none')),
  }),
  row('POST /api/v1/evaluate', 'a node', [401, 401, 403, 403, 403, 403, 200], {
    request: ({ node }) => evaluate(cordon(node)),
    missing: () => evaluate(cordon('none')),
  }),

  row('GET /api/v1/status/{action_id}', 'of the own namespace', [401, 401, 404, 200, 200, 200, 200], {
    request: ({ done }) => ({ path: `/api/v1/status/${done}` }),
    missing: () => ({ path: '/api/v1/status/none' }),
  }),
  row('GET /api/v1/status/{action_id}', 'of another namespace', [401, 401, 200, 404, 404, 404, 200], {
    request: ({ foreignDone }) => ({ path: `/api/v1/status/${foreignDone}` }),
    missing: () => ({ path: '/api/v1/status/none' }),
  }),
  row('GET /api/v1/status/{action_id}', 'of a node', [401, 401, 404, 404, 404, 404, 200], {
    request: ({ ofNode }) => ({ path: `/api/v1/status/${ofNode}` }),
    missing: () => ({ path: '/api/v1/status/none' }),
  }),

  row('GET /api/v1/executions', 'as a page', everybodyKnown(200), { request: () => ({ path: '/api/v1/executions' }) }),
  row('GET /api/v1/executions', 'as CSV', everybodyKnown(200), {
    request: () => ({ path: '/api/v1/executions?format=csv' }),
  }),
  row('GET /api/v1/executions', 'as NDJSON', everybodyKnown(200), {
    request: () => ({ path: '/api/v1/executions?format=ndjson' }),
  }),

  // It is over: who may cancel it is told so.
  ...onExecution('cancel', 'done', 409, {}),
  ...onExecution('rollback', 'done', 200, { dry_run: true }),
  ...onExecution('resume', 'done', 409, {}),
  ...onExecution('acknowledge', 'failed', 200, { reason: 'seen' }),

  row('GET /api/v1/approvals', 'all that somebody sees', everybodyKnown(200), {
    request: () => ({ path: '/api/v1/approvals' }),
  }),
  row('GET /api/v1/approvals/{id}', 'of the own namespace', [401, 401, 404, 200, 200, 200, 200], {
    request: ({ asked }) => ({ path: `/api/v1/approvals/${asked}` }),
    missing: () => ({ path: '/api/v1/approvals/none' }),
  }),
  row('GET /api/v1/approvals/{id}', 'of another namespace', [401, 401, 200, 404, 404, 404, 200], {
    request: ({ foreignAsked }) => ({ path: `/api/v1/approvals/${foreignAsked}` }),
    missing: () => ({ path: '/api/v1/approvals/none' }),
  }),
  // On another plan than it is about: who may decide it is told so.
  ...['approve', 'reject'].flatMap((verb) => [
    row(`POST /api/v1/approvals/{id}/${verb}`, 'of the own namespace', [401, 401, 404, 403, 403, 412, 412], {
      request: ({ asked }) => decision(asked, verb),
      missing: () => decision('none', verb),
    }),
    row(`POST /api/v1/approvals/{id}/${verb}`, 'of another namespace', [401, 401, 403, 404, 404, 404, 412], {
      request: ({ foreignAsked }) => decision(foreignAsked, verb),
      missing: () => decision('none', verb),
    }),
  ]),

  row('GET /api/v1/controls', 'all that somebody sees', everybodyKnown(200), {
    request: () => ({ path: '/api/v1/controls' }),
  }),
  row('PUT /api/v1/controls', 'the own namespace', [401, 401, 403, 403, 200, 403, 200], {
    request: ({ own }) => letGo(own),
  }),
  row('PUT /api/v1/controls', 'another namespace', [401, 401, 200, 403, 403, 403, 200], {
    request: ({ foreign }) => letGo(foreign),
  }),
  row('PUT /api/v1/controls', 'the whole cluster', [401, 401, 403, 403, 403, 403, 200], { request: () => letGo('*') }),

  row('GET /api/v1/audit', 'all of it', [401, 401, 403, 403, 403, 403, 200], {
    request: () => ({ path: '/api/v1/audit' }),
  }),

  row('GET /api/v1/actions', 'the catalogue', everybodyKnown(200), { request: () => ({ path: '/api/v1/actions' }) }),
  row('GET /api/v1/actions/{name}', 'one action', everybodyKnown(200), {
    request: () => ({ path: '/api/v1/actions/cordon_node' }),
  }),

  row('POST /session', 'with the token in the body', everybodyKnown(200), {
    request: ({ token }) => ({ path: '/session', body: { token } }),
  }),
  row('GET /session', 'their own', everybodyKnown(200), { request: () => ({ path: '/session' }) }),
  row('DELETE /session', 'their own', everybodyKnown(204), { request: () => ({ path: '/session' }) }),

  ...['/health', '/livez', '/readyz', '/openapi.json'].map((path) =>
    row(`GET ${path}`, 'open', [200, 200, 200, 200, 200, 200, 200], { request: () => ({ path }) }),
  ),
  // Switched off here.
  row('GET /metrics', 'open', [404, 404, 404, 404, 404, 404, 404], { request: () => ({ path: '/metrics' }) }),
];

type Answers = readonly [number, number, number, number, number, number, number];

function row(
  operation: string,
  about: string,
  [none, expired, foreign, viewer, operator, approver, admin]: Answers,
  requests: Pick<Row, 'request' | 'missing'>,
): Row {
  return { operation, about, answers: { none, expired, foreign, viewer, operator, approver, admin }, ...requests };
}

function everybodyKnown(status: number): Answers {
  return [401, 401, status, status, status, status, status];
}

/** What is asked of an execution in the own namespace, in the other one and of a node; `status`: of whoever may. */
function onExecution(verb: string, which: 'done' | 'failed', status: number, body: object): Row[] {
  const operation = `POST /api/v1/executions/{id}/${verb}`;
  const about = (id: string): TableRequest => ({ path: `/api/v1/executions/${id}/${verb}`, body });
  const missing = () => about('none');
  return [
    row(operation, 'of the own namespace', [401, 401, 404, 403, status, 403, status], {
      request: (ground) => about(ground[which]),
      missing,
    }),
    row(
      operation,
      'of another namespace',
      [401, 401, verb === 'rollback' ? 200 : 409, 404, 404, 404, verb === 'rollback' ? 200 : 409],
      {
        request: ({ foreignDone }) => about(foreignDone),
        missing,
      },
    ),
    // A dry run, of which there is nothing to cancel, undo, go on with or look at.
    row(operation, 'of a node', [401, 401, 404, 404, 404, 404, 409], {
      request: ({ ofNode }) => about(ofNode),
      missing,
    }),
  ];
}

function execute(request: object): TableRequest {
  return { path: '/api/v1/execute', body: { ...request, dry_run: true } };
}

function evaluate({ body }: TableRequest): TableRequest {
  return { path: '/api/v1/evaluate', body };
}

function scale(namespace: string, name: string): TableRequest {
  return execute({ action: 'scale_deployment', parameters: { namespace, resource_name: name, replicas: 3 } });
}

function cordon(node: string): TableRequest {
  return execute({ action: 'cordon_node', parameters: { node_name: node } });
}

function decision(id: string, verb: string): TableRequest {
  return { path: `/api/v1/approvals/${id}/${verb}`, body: {}, headers: { 'if-match': '"another plan"' } };
}

function letGo(scope: string): TableRequest {
  return { path: '/api/v1/controls', body: { scope, stopped: false } };
}
