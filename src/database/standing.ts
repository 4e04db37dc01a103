import type { JsonObject } from '../json.ts';
import { type ClaimAnswer, parsedAnswer, type RawAnswer } from './claim-answer.ts';
import type { Database } from './connect.ts';

export interface StandingQuestion {
  cluster: string;
  namespace: string | undefined;
  /** Keys of all that the run would hold. */
  locks: readonly string[];
  cooldownKey: string | undefined;
  slots: number;
  /** As a claim has them (drizzle/0005_limits.sql). */
  limits: JsonObject;
}

/** What a claim would answer in this moment, all that stands against it; by the time of a claim it may be otherwise. */
export interface Standing {
  against: Extract<ClaimAnswer, { outcome: 'stopped' | 'busy' | 'cooling' | 'too_wide' | 'over_quota' }>[];
  freeSlots: number;
}

/** Reads it in one statement, and writes nothing. */
export async function standingAgainst(
  database: Database,
  { cluster, namespace, locks, cooldownKey, slots, limits }: StandingQuestion,
): Promise<Standing> {
  return await database.statement('standing_against', async (sql) => {
    const [row] = await sql<{ against: RawAnswer[]; free: number }[]>`
      select
        jsonb_path_query_array(jsonb_build_array(
          (select jsonb_build_object('outcome', 'stopped', 'scope', s.scope, 'reason', s.reason, 'by', s.changed_by, 'at', s.changed_at)
            from stop_of(${cluster}, ${namespace ?? null}) s where s.scope is not null),
          (select jsonb_build_object('outcome', 'busy', 'key', l.key, 'holder',
              jsonb_build_object('id', e.id, 'action', e.action, 'started_at', e.started_at))
            from target_lock l join execution e on e.id = l.execution_id
            where l.key in (select jsonb_array_elements_text(${JSON.stringify(locks)}::jsonb)) order by l.key limit 1),
          (select jsonb_build_object('outcome', 'cooling', 'until', c.until, 'by', c.execution_id) from cooldown c
            where c.key = ${cooldownKey ?? null} and c.until > clock_timestamp()),
          too_wide(${JSON.stringify(limits)}::jsonb),
          over_quota(${JSON.stringify(limits)}::jsonb)
        ), '$[*] ? (@ != null)'::jsonpath) as against,
        ${slots}::int - (select count(*)::int from slot where execution_id is not null) as free`;
    return { against: (row?.against ?? []).map(parsedAnswer).filter(isAgainst), freeSlots: row?.free ?? 0 };
  });
}

function isAgainst(answer: ClaimAnswer): answer is Standing['against'][number] {
  return ['stopped', 'busy', 'cooling', 'too_wide', 'over_quota'].includes(answer.outcome);
}
