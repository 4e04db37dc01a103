import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { Answer, Replica } from './service.ts';

const names = ['ada', 'ben', 'cleo', 'elsewhere'] as const;
type Name = (typeof names)[number];
const tokens = Object.fromEntries(names.map((name) => [name, randomBytes(24).toString('hex')]));

/** Ada asks; Ben and Cleo may do everything as well; the last one sees nothing of it. Everything is asked about. */
export const approverSettings: Record<string, string> = {
  EXECUTOR_AUTH_TOKENS: JSON.stringify(
    names.map((name) => ({
      name,
      hash: `sha256:${createHash('sha256')
        .update(tokens[name] ?? '')
        .digest('hex')}`,
    })),
  ),
  EXECUTOR_AUTH_ROLES: JSON.stringify([
    { role: 'admin', callers: ['static:ada', 'static:ben', 'static:cleo'] },
    { role: 'admin', callers: ['static:elsewhere'], namespaces: ['another'] },
  ]),
  EXECUTOR_SAFETY_REQUIRE_CONFIRMATION: 'true',
};

export const as = (name: Name) => ({ authorization: `Bearer ${tokens[name]}` });

/** The approval that an execution waits for. */
export async function pendingApproval(replica: Replica, { body }: Pick<Answer, 'body'>): Promise<Answer['body']> {
  expect(body, JSON.stringify(body)).toMatchObject({ status: 'pending_approval' });
  return (await replica.get(body.links.approval, as('ben'))).body;
}

/** Ben decides on the plan that was asked about, if not said otherwise; without `ifMatch` on none. */
export interface Decision {
  by?: Name;
  ifMatch?: string | undefined;
  comment?: string;
}

export function decideOn(
  replica: Replica,
  { id, plan_hash }: Answer['body'],
  verb: 'approve' | 'reject',
  decision: Decision = {},
): Promise<Answer> {
  const { by = 'ben', comment } = decision;
  const ifMatch = 'ifMatch' in decision ? decision.ifMatch : `"${plan_hash}"`;
  return replica.post(`/api/v1/approvals/${id}/${verb}`, comment === undefined ? undefined : { comment }, {
    ...as(by),
    ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
  });
}
