import type { ClaimAnswer } from '../database/claim-answer.ts';
import { claim, type ClaimRequest, findClaim } from '../database/claim.ts';
import type { ExecutorContext } from './context.ts';
import { untilTold } from './until-told.ts';

/** Claims. A claim whose answer was lost is known by the mark in its event, so that it is neither left alone nor run twice. */
export async function claimSurely(context: ExecutorContext, request: ClaimRequest): Promise<ClaimAnswer> {
  const { database, newId } = context;
  const { id, requestedBy } = request.row;
  const mark = newId();
  const marked = {
    ...request,
    event: { ...request.event, data: { claim: mark, ...(requestedBy === null ? {} : { requested_by: requestedBy }) } },
  };
  return await untilTold(context, id, async (lost) => {
    const answer = await claim(database, marked);
    if (!lost || answer.outcome !== 'duplicate' || answer.id !== id) return answer;
    return (await findClaim(database, { id, mark })) ?? answer;
  });
}
