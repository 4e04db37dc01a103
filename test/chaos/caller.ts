import { setTimeout as sleep } from 'node:timers/promises';
import type { Ground } from './ground.ts';
import type { ReplicaPlace } from './replica.ts';
import type { ChaosRequest } from './requests.ts';
import type { Chance } from './seeded.ts';

/** What a request came to, as its caller has seen it. */
export interface Told {
  request: ChaosRequest;
  key: string;
  /** Every answer, as `200 completed`, `409 target_busy` or `broken`. */
  answers: string[];
  /** The execution that an answer named as accepted. */
  id?: string | undefined;
  /** Executions that answers to the same request have named beside it: there must not be any. */
  others: string[];
  /** The last status that it was told of. */
  status?: string | undefined;
  /** How it ended for the caller: the status, a problem's code, or that nobody answered. */
  outcome: string;
  at: number;
}

export interface Callers {
  /** Sends it as a real caller does, and follows it to its end. */
  send(request: ChaosRequest): Promise<void>;
  told: Told[];
  /** From now on nobody asks any more for what is not over. */
  giveUp(): void;
}

interface Answer {
  status: number;
  body: { action_id?: string; status?: string; code?: string };
  location: string | null;
}

const answerTimeoutMs = 45_000;
/** Whoever wants to cancel does not ask for ever; whoever wants something done does, while this lasts. */
const mostTriesToCancel = 5;

/**
 * Callers that send again with the same key after a 5xx or a broken connection, to whichever replica; that ask for the
 * status after a 202; and that take a 4xx for a no.
 */
export function createCallers(given: {
  replicas: readonly ReplicaPlace[];
  ground: Ground;
  chance: Chance;
  run: string;
}): Callers {
  const { replicas, ground, chance, run } = given;
  const told: Told[] = [];
  let over = false;

  const ask = async (replica: number, path: string, init: RequestInit): Promise<Answer | undefined> => {
    const url = replicas[replica]?.url();
    if (url === undefined) return undefined;
    try {
      const response = await fetch(url + path, { ...init, signal: AbortSignal.timeout(answerTimeoutMs) });
      const body = (await response.json()) as Answer['body'];
      return { status: response.status, body, location: response.headers.get('location') };
    } catch {
      return undefined;
    }
  };
  const keepAsking = async (its: Told, first: number, path: string, init: RequestInit): Promise<Answer | undefined> => {
    const tries = its.request.what === 'cancel' ? mostTriesToCancel : Number.POSITIVE_INFINITY;
    for (let attempt = 0, replica = first; attempt < tries && !over; attempt += 1) {
      const answer = await ask(replica, path, init);
      its.answers.push(answer ? `${answer.status} ${answer.body.code ?? answer.body.status ?? ''}` : 'broken');
      if (answer && answer.status < 500) return answer;
      await sleep(200 + chance.next() * 400);
      replica = chance.between(0, replicas.length - 1);
    }
    return undefined;
  };
  const follow = async (its: Told, id: string): Promise<void> => {
    while (!over) {
      await sleep(400 + chance.next() * 400);
      const replica = chance.between(0, replicas.length - 1);
      const answer = await keepAsking(its, replica, `/api/v1/status/${encodeURIComponent(id)}`, {});
      if (answer?.status === 200) its.status = answer.body.status;
      if (answer?.status === 404) its.outcome = 'lost';
      if (answer?.status === 404 || isOver(answer?.body.status)) return;
    }
  };
  const sendOnce = async (its: Told, first: number, made: { path: string; init: RequestInit }): Promise<void> => {
    const answer = await keepAsking(its, first, made.path, made.init);
    if (!answer) {
      its.outcome = its.outcome || 'no answer';
      return;
    }
    const { action_id: id, status, code } = answer.body;
    if (answer.status >= 300) {
      its.outcome = its.outcome || `${answer.status} ${code ?? ''}`;
      return;
    }
    if (its.id !== undefined && id !== undefined && its.id !== id) its.others.push(id);
    its.id = id;
    its.status = status;
    if (answer.status === 202 && id !== undefined && its.request.what !== 'cancel') await follow(its, id);
    its.outcome = its.outcome === 'lost' ? its.outcome : (its.status ?? 'accepted');
  };
  return {
    told,
    giveUp: () => (over = true),
    async send(request) {
      const key = `c-${String(request.number).padStart(5, '0')}`;
      const its: Told = { request, key, answers: [], others: [], outcome: '', at: Date.now() };
      const made = await madeOf(request, { key, run, ground, told });
      told.push(its);
      if (!made) {
        its.outcome = 'not sent: nothing to do it to';
        return;
      }
      const other = (request.first + 1) % replicas.length;
      await Promise.all([
        sendOnce(its, request.first, made),
        ...(request.twice && request.what !== 'cancel' ? [sendOnce(its, other, made)] : []),
      ]);
    },
  };
}

export function isOver(status: string | undefined): boolean {
  return ['completed', 'failed', 'timed_out', 'cancelled', 'refused', 'rolled_back'].includes(status ?? '');
}

async function madeOf(
  request: ChaosRequest,
  { key, run, ground, told }: { key: string; run: string; ground: Ground; told: readonly Told[] },
): Promise<{ path: string; init: RequestInit } | undefined> {
  const { what, action, parameters, dryRun, shape, prefer, notBeforeMs, timeoutS, number } = request;
  const trace = `${run.replaceAll('-', '')}${number.toString(16).padStart(8, '0')}`.slice(-32).padStart(32, 'c');
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    traceparent: `00-${trace}-00000000000000c1-01`,
    ...(prefer ? { prefer } : {}),
  };
  if (what !== 'execute') {
    const of = earlier(request, told);
    if (!of) return undefined;
    const path = `/api/v1/executions/${encodeURIComponent(of)}/${what}`;
    if (what !== 'cancel') headers['idempotency-key'] = key;
    return { path, init: { method: 'POST', headers, body: JSON.stringify({ reason: `request ${key}` }) } };
  }
  const target = await targetOf(request, ground);
  if (!target) return undefined;
  const common = {
    target,
    dry_run: dryRun,
    timeout: `${timeoutS}s`,
    correlation_id: key,
    ...(notBeforeMs === undefined ? {} : { not_before: new Date(Date.now() + notBeforeMs).toISOString() }),
  };
  if (shape === 'alert') headers['idempotency-key'] = key;
  const body =
    shape === 'alert'
      ? { ...common, action: { action, parameters } }
      : { ...common, action, parameters, action_id: key, workflow_id: 'chaos' };
  return { path: '/api/v1/execute', init: { method: 'POST', headers, body: JSON.stringify(body) } };
}

async function targetOf({ target, which }: ChaosRequest, ground: Ground) {
  if (!target) return undefined;
  if (target.kind === 'Pod') {
    const name = await ground.podOf(target.index, which).catch(() => undefined);
    return name === undefined ? undefined : { kind: 'Pod', namespace: ground.namespace, name };
  }
  const { kind, name, namespace } =
    target.kind === 'Node' ? ground.node(target.index) : ground.deployment(target.index);
  return { kind, name, ...(namespace ? { namespace } : {}) };
}

/** The execution that is to be rolled back, gone on with or ended: one that can be, of those that are known. */
function earlier({ what, which }: ChaosRequest, told: readonly Told[]): string | undefined {
  const wanted: Record<string, (status: string | undefined) => boolean> = {
    rollback: (status) => status === 'completed' || status === 'failed' || status === 'timed_out',
    resume: (status) => status === 'failed' || status === 'timed_out' || status === 'cancelled',
    cancel: (status) => !isOver(status),
  };
  const fits = wanted[what];
  const known = told.filter(({ request, id, outcome, key }) => {
    // One under way has not been answered yet; its caller knows its id where it has given it.
    if (what === 'cancel') return outcome === '' && request.what === 'execute' && (id ?? key) !== '';
    return id !== undefined && !request.dryRun && fits?.(outcome);
  });
  // The latest ones: what is long past is changed by others since.
  const latest = known.slice(-12);
  const one = latest[Math.floor(which * latest.length)];
  return one?.id ?? (one?.request.shape === 'workflow' ? one.key : undefined);
}
