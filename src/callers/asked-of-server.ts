import type * as z from 'zod';
import { Refusal } from '../actions/refusal.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { type Permission, permissionFor } from '../kubernetes/permission.ts';

const patienceMs = 5_000;

/** Where to ask, and the clock that all times go by. */
export interface Server {
  cluster: Cluster;
  now: () => Date;
}

/** A question to the API server that it answers in the status, and keeps nowhere. */
export interface Question {
  apiVersion: 'authentication.k8s.io/v1' | 'authorization.k8s.io/v1';
  kind: 'TokenReview' | 'SubjectAccessReview';
  spec: object;
}

/** What knowing callers by the API server asks of it. */
export const permissionsForCallers: readonly Permission[] = [
  permissionFor({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview' }, ['create']),
  permissionFor({ apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview' }, ['create']),
];

/** The answer to it. A caller whom nobody can vouch for now is not refused for good, but told to come back. */
export async function askedOfServer<T extends z.ZodType>(
  { cluster, now }: Server,
  schema: T,
  question: Question,
): Promise<z.output<T>> {
  try {
    const answer = await cluster.create({ ...question, metadata: { name: '' } }, { timeoutMs: patienceMs });
    return schema.parse(answer);
  } catch (error) {
    const what = question.kind === 'TokenReview' ? 'who is calling' : 'what the caller may do';
    const forbidden = isKubernetesError(error, 'forbidden');
    // No cause goes with it: what the API server says may quote what was sent.
    throw new Refusal('service_unavailable', `The API server can't be asked ${what}${reasonOf(error)}`, {
      retryAt: new Date(now().getTime() + 5_000),
      ...(forbidden ? { hint: `Give the service's role create on ${question.kind}; deploy/ holds it` } : {}),
    });
  }
}

function reasonOf(error: unknown): string {
  return isKubernetesError(error) ? ` (${error.reason}${error.status ? `, ${error.status}` : ''})` : '';
}
