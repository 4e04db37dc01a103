import type { Listed } from './requests.ts';

const core = '/api/v1/namespaces/NS';
const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/NS';
const access = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
const tokens = '/apis/authentication.k8s.io/v1/tokenreviews';
const post = (path: string, body: unknown, expected: Pick<Listed, 'status' | 'reason' | 'causes'>): Listed => ({
  method: 'POST',
  path,
  body,
  ...expected,
});
const bot = 'system:serviceaccount:NS:bot';
const actions = { group: 'executor.kubernaut.io', resource: 'actions', namespace: 'NS' };
const ask = (spec: object, expected: Pick<Listed, 'status' | 'reason' | 'causes'> = { status: 201 }): Listed =>
  post(access, { spec }, expected);
const tokenPath = `${core}/serviceaccounts/bot/token`;

/** Service accounts, their tokens' reviews, and what roles and bindings allow. */
export const callerRequests: Listed[] = [
  post(`${core}/serviceaccounts`, { metadata: { name: 'bot' } }, { status: 201 }),
  post(
    `${rbac}/roles`,
    {
      metadata: { name: 'scaler' },
      rules: [
        {
          apiGroups: [actions.group],
          resources: [actions.resource],
          resourceNames: ['scale_deployment'],
          verbs: ['execute'],
        },
        { apiGroups: [actions.group], resources: [actions.resource], verbs: ['get'] },
      ],
    },
    { status: 201 },
  ),
  post(
    `${rbac}/rolebindings`,
    {
      metadata: { name: 'bot' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'scaler' },
      subjects: [
        { kind: 'ServiceAccount', name: 'bot', namespace: 'NS' },
        { kind: 'Group', name: 'sre-NS' },
      ],
    },
    { status: 201 },
  ),
  { method: 'GET', path: `${rbac}/roles/scaler`, status: 200 },
  { method: 'GET', path: `${rbac}/rolebindings/bot`, status: 200 },
  { ...ask({ user: bot, resourceAttributes: { ...actions, verb: 'get' } }), afterMs: 1_500 },
  ask({ user: bot, resourceAttributes: { ...actions, verb: 'execute', name: 'scale_deployment' } }),
  ask({ user: bot, resourceAttributes: { ...actions, verb: 'execute', name: 'drain_node' } }),
  ask({ user: bot, resourceAttributes: { ...actions, verb: 'execute' } }),
  ask({ user: bot, resourceAttributes: { ...actions, namespace: 'default', verb: 'get' } }),
  ask({ user: bot, resourceAttributes: { group: actions.group, resource: actions.resource, verb: 'get' } }),
  ask({ user: 'ada', groups: ['sre-NS'], resourceAttributes: { ...actions, verb: 'get' } }),
  ask({ user: 'ada', groups: ['system:masters'], resourceAttributes: { ...actions, verb: 'approve' } }),
  ask({ user: 'ada' }, { status: 422, reason: 'Invalid', causes: ['spec.resourceAttributes: FieldValueInvalid'] }),
  ask({ resourceAttributes: { ...actions, verb: 'get' } }, { status: 422, reason: 'Invalid' }),
  post(tokens, { spec: { token: 'none', audiences: ['executor'] } }, { status: 201 }),
  post(tokens, { spec: { token: 'a.b.c', audiences: ['executor'] } }, { status: 201 }),
  post(tokens, { spec: { token: '' } }, { status: 400, reason: 'BadRequest' }),
  post(
    tokenPath,
    { spec: { audiences: ['executor'], expirationSeconds: 60 } },
    { status: 422, reason: 'Invalid', causes: ['spec.expirationSeconds: FieldValueInvalid'] },
  ),
  post(`${core}/serviceaccounts/nobody/token`, { spec: {} }, { status: 404, reason: 'NotFound' }),
  { method: 'GET', path: tokenPath, status: 405, reason: 'MethodNotAllowed' },
  { method: 'DELETE', path: `${rbac}/rolebindings/bot`, status: 200 },
  { method: 'DELETE', path: `${rbac}/roles/scaler`, status: 200 },
];
