import type { Sql } from 'postgres';

export interface GeneratedHistory {
  /** Executions, the newest a second old. */
  count: number;
  /** They are spread evenly over the time before now. */
  days: number;
}

/**
 * Fills the tables with finished executions and their events, as years of use would: few actions and namespaces make up
 * most of it, some actions, kinds, namespaces and names are rare, nearly all went well. The same each time.
 */
export async function generateHistory(sql: Sql, { count, days }: GeneratedHistory): Promise<void> {
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web-server', namespace: 'production' };
  const change = {
    kind: 'patch',
    target: { cluster: 'generated', ...target, uid: '6a0f0d2e-5a5f-4a0c-9a3e-0c2f8f1d7a11' },
    summary: 'Scale Deployment production/web-server from 2 to 3 replicas',
    status: 'applied',
    before: { '/spec/replicas': 2 },
    after: { '/spec/replicas': 3 },
  };
  const plan = {
    changes: [{ ...change, edits: [{ path: ['spec', 'replicas'], from: 2, to: 3 }], subresource: 'scale' }],
    expectations: [{ kind: 'ready_replicas', target, replicas: 3 }],
    undo: { changes: [{ ...change, edits: [{ path: ['spec', 'replicas'], from: 3, to: 2 }], subresource: 'scale' }] },
  };
  await sql`
    insert into execution (
      id, idempotency_key, request_hash, action, status, cluster, namespace, kind, name, target, parameters, correlation_id,
      requested_by, plan, changes, expectations, verdicts, risk, warnings, message, changed, timeout_ms, holder, fence,
      created_at, started_at, finished_at)
    select
      'generated-' || n,
      case when n % 4 = 0 then 'key-' || n end,
      md5(n::text),
      case when n % 5000 = 7 then 'expand_pvc' when n % 10 < 5 then 'scale_deployment' when n % 10 < 8 then 'restart_deployment'
        when n % 10 = 8 then 'cordon_node' else 'collect_diagnostics' end,
      case when n % 97 = 3 then 'failed' when n % 499 = 5 then 'timed_out' when n % 4999 = 11 then 'cancelled'
        when n % 997 = 13 then 'rolled_back' else 'completed' end,
      'generated',
      case when n % 10 = 8 then null when n % 3 = 0 then 'production' when n % 4001 = 1 then 'rare' else 'team-' || n % 200 end,
      case when n % 5000 = 7 then 'PersistentVolumeClaim' when n % 10 = 8 then 'Node' else 'Deployment' end,
      case when n % 10 = 8 then 'node-' || n % 500 when n % 4001 = 1 then 'rare' else 'web-' || n % 1500 end,
      ${JSON.stringify(target)}::text::jsonb, '{"replicas": 3}'::jsonb,
      case when n % 2 = 0 then 'incident-' || n / 20 end,
      'generated', ${JSON.stringify(plan)}::text::jsonb, ${JSON.stringify([change])}::text::jsonb,
      '[{"summary": "3 of 3 replicas of Deployment production/web-server are ready", "holds": true}]'::jsonb,
      '[{"rule": "protected", "verdict": "allow", "reason": "nothing of it is protected"}]'::jsonb,
      '{"level": "medium", "reasons": []}'::jsonb, '[]'::jsonb, 'Scaled from 2 to 3 replicas: done and verified', true, 120000,
      'generated', n, at, at, at + interval '250 milliseconds'
    from generate_series(1, ${count}::integer) n,
      lateral (select date_trunc('milliseconds', now() - interval '1 second'
        - (${count}::integer - n) * make_interval(secs => ${days * 86_400}::float8 / ${count}::float8)) as at) moment`;
  await sql`
    insert into execution_event (execution_id, at, type, message)
    select 'generated-' || n, now(), type, 'generated' from generate_series(1, ${count}::integer) n,
      unnest(array['execution.started', 'execution.completed']) type`;
  await sql`vacuum analyze execution`;
  await sql`vacuum analyze execution_event`;
}
