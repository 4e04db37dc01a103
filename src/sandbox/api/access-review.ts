import { json } from './answer.ts';
import { type ApiRequest, readBody } from './request.ts';

/** What `kubectl auth can-i` asks. The sandbox knows no users: whoever reaches it may do everything, and that is the answer. */
export function reviewAccess(resource: string, request: Omit<ApiRequest, 'target'>): Response | undefined {
  const apiVersion = 'authorization.k8s.io/v1';
  if (resource === 'selfsubjectaccessreviews') {
    const { spec } = readBody(request, 'SelfSubjectAccessReview');
    return json(
      JSON.stringify({ kind: 'SelfSubjectAccessReview', apiVersion, metadata: {}, spec, status: { allowed: true } }),
      201,
    );
  }
  if (resource !== 'selfsubjectrulesreviews') return undefined;
  readBody(request, 'SelfSubjectRulesReview');
  const status = {
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
    incomplete: false,
  };
  return json(JSON.stringify({ kind: 'SelfSubjectRulesReview', apiVersion, metadata: {}, spec: {}, status }), 201);
}
