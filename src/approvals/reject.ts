import type { Rights } from '../callers/rights.ts';
import type { ExecutorContext } from '../executor/context.ts';
import { jsonOf } from '../executor/record.ts';
import { decided, type DecideRequest, openQuestion } from './decide.ts';
import type { Question } from './find-approval.ts';

/** Says no: the execution ends as refused. Whoever has asked may do so as well: that gives nobody anything. */
export async function reject(context: ExecutorContext, request: DecideRequest, rights: Rights): Promise<Question> {
  const { comment } = request;
  const question = await openQuestion(context, request, rights);
  const by = rights.name === undefined ? '' : ` by ${rights.name}`;
  const message = `Rejected${by}${comment === undefined ? '' : `: ${comment}`}`;
  return await decided(context, question, {
    decision: 'rejected',
    by: rights.name,
    comment,
    message,
    error: jsonOf({ code: 'policy_denied', message, hint: 'Nothing was done; talk to whoever has rejected it' }),
  });
}
