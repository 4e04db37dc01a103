import { isOver } from '../caller.ts';
import { type Broken, type Evidence, type Finding, rowOf } from '../evidence.ts';

/** What was accepted has a row; nothing is under way any more; callers were told what the rows say. */
export function noneLost(evidence: Evidence): Finding[] {
  const { rows, told, now } = evidence;
  const lost: Broken[] = [];
  const open: Broken[] = [];
  const untrue: Broken[] = [];
  const unanswered: Broken[] = [];
  let accepted = 0;
  for (const its of told) {
    // A caller that wants to cancel does not ask for ever.
    if (its.outcome === 'no answer' && its.request.what !== 'cancel')
      unanswered.push({
        what: `${its.key} (${its.request.action}) had no answer`,
        ids: [rowOf(evidence, its)?.id ?? its.key],
      });
    if (its.others.length > 0)
      lost.push({ what: `${its.key} led to ${[its.id, ...its.others].join(' and ')}`, ids: [its.key] });
    if (its.id === undefined || its.request.what === 'cancel') continue;
    accepted += 1;
    const row = rowOf(evidence, its);
    if (!row || its.outcome === 'lost') {
      lost.push({ what: `${its.key} was accepted as ${its.id}, and is not there`, ids: [its.id] });
      continue;
    }
    const same = its.status === row.status || row.status === 'rolled_back';
    if (isOver(its.status) && !same)
      untrue.push({ what: `${its.key} was told ${its.status}, and ${row.id} is ${row.status}`, ids: [row.id] });
  }
  for (const row of rows.values()) {
    const later = row.status === 'queued' && row.not_before !== null && row.not_before > now;
    if (isOver(row.status) || later) continue;
    open.push({ what: `${row.id} (${row.action}) is ${row.status}: ${row.message}`, ids: [row.id] });
  }
  return [
    { invariant: 'no accepted execution lost, none made twice', checked: accepted, broken: lost },
    { invariant: 'none left under way or waiting', checked: rows.size, broken: open },
    { invariant: 'every caller has an answer in the end', checked: told.length, broken: unanswered },
    { invariant: 'callers were told the truth', checked: accepted, broken: untrue },
  ];
}
