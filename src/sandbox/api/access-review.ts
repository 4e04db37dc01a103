import { at, isRecord } from '../resource.ts';
import type { Store } from '../store/store.ts';
import { json } from './answer.ts';
import { type ApiRequest, readBody } from './request.ts';
import { type Attempt, whyAllowed } from './role-based-access.ts';
import { invalid } from './status-error.ts';

const group = 'authorization.k8s.io';
const apiVersion = `${group}/v1`;

/**
 * What may be done. Of whoever asks it is everything (`kubectl auth can-i`): the sandbox lets everybody in. Of others it is what
 * the roles and bindings say that are stored.
 */
export function reviewAccess(
  store: Store,
  resource: string,
  request: Omit<ApiRequest, 'target'>,
): Response | undefined {
  if (resource === 'selfsubjectaccessreviews') {
    const { spec } = readBody(request, 'SelfSubjectAccessReview');
    return answer('SelfSubjectAccessReview', spec, { allowed: true });
  }
  if (resource === 'subjectaccessreviews') {
    const { spec } = readBody(request, 'SubjectAccessReview');
    return answer('SubjectAccessReview', spec, review(store, spec));
  }
  if (resource !== 'selfsubjectrulesreviews') return undefined;
  readBody(request, 'SelfSubjectRulesReview');
  return answer(
    'SelfSubjectRulesReview',
    {},
    {
      resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
      nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
      incomplete: false,
    },
  );
}

function review(store: Store, spec: unknown): object {
  const given = at(spec, 'groups');
  const subject = { user: textAt(spec, 'user') ?? '', groups: Array.isArray(given) ? given.map(String) : [] };
  const attempt = attemptOf(spec);
  if (!attempt)
    throw refused(
      'spec.resourceAttributes',
      'null: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
  if (subject.user === '' && subject.groups.length === 0)
    throw refused('spec.user', '"": at least one of user or group must be specified');
  const reason = whyAllowed(store, subject, attempt);
  return { allowed: reason !== undefined, ...(reason ? { reason } : {}) };
}

function attemptOf(spec: unknown): Attempt | undefined {
  const resource = at(spec, 'resourceAttributes');
  const path = at(spec, 'nonResourceAttributes');
  if (isRecord(resource) === isRecord(path)) return undefined;
  if (isRecord(path)) return { verb: textAt(path, 'verb') ?? '', path: textAt(path, 'path') ?? '' };
  const subresource = textAt(resource, 'subresource');
  return {
    verb: textAt(resource, 'verb') ?? '',
    group: textAt(resource, 'group') ?? '',
    resource: `${textAt(resource, 'resource') ?? ''}${subresource ? `/${subresource}` : ''}`,
    namespace: textAt(resource, 'namespace'),
    name: textAt(resource, 'name'),
  };
}

/** An empty text says as much as none. */
function textAt(value: unknown, key: string): string | undefined {
  const text = at(value, key);
  return typeof text === 'string' && text !== '' ? text : undefined;
}

function refused(field: string, message: string) {
  return invalid({ group, kind: '' }, '', [
    { reason: 'FieldValueInvalid', message: `Invalid value: ${message}`, field },
  ]);
}

function answer(kind: string, spec: unknown, status: object): Response {
  return json(JSON.stringify({ kind, apiVersion, metadata: {}, spec, status }), 201);
}
