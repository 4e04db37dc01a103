import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import type { Fetch } from '../../src/kubernetes/transport.ts';
import { type Ground, openGround } from '../scenarios/ground.ts';
import { eventually, onRealCluster } from '../support/cluster.ts';
import { type Answer, type Service, startService } from '../support/service.ts';
import { recordSpans } from '../support/spans.ts';

/**
 * No value of a Secret is anywhere but in the cluster's Secrets: not in a row, a log line, a span, an Event or an answer.
 * Looked for are the values before, those after, and those that dry runs and refused writes have sent.
 */

let ground: Ground;
let service: Service;
let recorded: ReturnType<typeof recordSpans>;
const answers: string[] = [];
const values = new Set<string>();

/** Every value that goes to the API server, as it is sent; and, where the test wants it, a refusal that quotes it. */
let quoting = false;
/** Answers about Secrets are no JSON just where a value begins: a parser's error quotes that place. */
let garbling: string | undefined;
const listening =
  (send: Fetch): Fetch =>
  async (url, init) => {
    const isSecret = new URL(url).pathname.includes('/secrets');
    if (isSecret && init.body) {
      const { data = {} } = JSON.parse(init.body) as { data?: Record<string, string> };
      for (const value of Object.values(data)) values.add(value);
      if (quoting && init.method === 'PATCH') return refusal(init.body);
    }
    const response = await send(url, init);
    if (!isSecret || garbling !== init.method) return response;
    const text = await new Response(response.body).text();
    return new Response(text.replace('"binary":"', '"binary":!'), { status: response.status });
  };

beforeAll(async () => {
  recorded = recordSpans();
  ground = await openGround('values');
  service = await startService({ faults: listening });
}, 60_000);

afterAll(async () => {
  await service?.close();
  await ground?.close();
  recorded.stop();
});

test('no value is in any row, log line, span, Event or answer: after a dry run, a rotation, its undo and failed ones', async () => {
  const secret = await secretOf(ground);
  await ground.workload('Deployment', { podSpec: { volumes: [{ name: 's', secret: { secretName: secret.name } }] } });
  await remember(secret);

  const dry = await rotate(secret, {}, { dry_run: true });
  const rotated = await rotate(secret);
  await remember(secret);
  const dryUndo = heard(await service.post(rotated.body.links.rollback, { dry_run: true }));
  const undone = heard(await service.post(rotated.body.links.rollback));
  await remember(secret);
  quoting = true;
  const refusedDry = await rotate(secret, {}, { dry_run: true });
  const refused = await rotate(secret);
  quoting = false;
  const again = await rotate(secret);
  await remember(secret);
  await ground.patch(secret, { stringData: { password: 'set-by-somebody-else' } });
  await remember(secret);
  const drifted = heard(await service.post(again.body.links.rollback));
  const unknown = await rotate(secret, { keys: ['nothing'] });
  await ground.patch(secret, { stringData: { url: 'postgres://shop:hunter2hunter2@db:5432/shop' } });
  await remember(secret);
  const structured = await rotate(secret);
  garbling = 'GET';
  const unreadable = await rotate(secret, { keys: ['password'] });
  garbling = 'PATCH';
  const halfRead = await rotate(secret, { keys: ['password'] });
  garbling = undefined;
  await remember(secret);
  for (const path of ['/api/v1/executions?limit=50', `/api/v1/status/${rotated.body.action_id}`, '/metrics'])
    heard(await service.get(path));

  expect(told([dry, rotated, dryUndo, undone, again])).toEqual(Array.from({ length: 5 }, () => 'completed'));
  expect(told([refusedDry, refused])).toEqual(['failed', 'failed']);
  expect(refused.body.error.message).toContain('admission webhook "strength.example" denied the request');
  expect([drifted.body.code, unknown.body.code, structured.body.code]).toEqual([
    'drift_detected',
    'precondition_failed',
    'precondition_failed',
  ]);
  expect([unreadable.body.code, halfRead.body.status]).toEqual(['service_unavailable', 'completed']);
  const places = await everywhere();
  // Each place has something to look in, and the search finds what is there.
  for (const [place, text] of Object.entries(places)) expect(text, place).toContain(ground.namespace);
  expect(foundIn(`a text with ${[...values][0]} in it`)).toBe(1);
  // Three keys each: before, four times drawn, twice by somebody else's hand.
  expect(values.size).toBeGreaterThanOrEqual(3 * 5 + 2);
  for (const [place, text] of Object.entries(places)) expect(foundIn(text), place).toBe(0);
});

test.runIf(onRealCluster)(
  'nor is it where a policy of the API server quotes it',
  async () => {
    const secret = await secretOf(ground);
    const name = ground.name('quote');
    const group = 'admissionregistration.k8s.io/v1';
    await ground.create({
      apiVersion: group,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['secrets'] }],
        },
        validations: [
          {
            expression: 'false',
            messageExpression: `"was " + string(oldObject.data.password) + ", is " + string(object.data.password)`,
          },
        ],
      },
    });
    await ground.create({
      apiVersion: group,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: {
        policyName: name,
        validationActions: ['Deny'],
        matchResources: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ground.namespace } },
        },
      },
    });
    await remember(secret);
    // It is in force a moment after it was stored.
    const quoted = await eventually(async () => {
      const { message } = await ground
        .patch(secret, { metadata: { labels: { try: ground.name('x') } } })
        .then(() => ({ message: '' }))
        .catch((error: Error) => error);
      expect(message).toContain('denied request');
      return message;
    }, 30_000);

    const refused = await rotate(secret);

    expect(quoted).toContain('left out');
    expect(refused.body).toMatchObject({ status: 'failed' });
    expect(refused.body.error.message).toContain(name);
    for (const [place, text] of Object.entries(await everywhere())) expect(foundIn(text), place).toBe(0);
  },
  90_000,
);

function told(given: Answer[]): string[] {
  return given.map(({ body }) => body.status ?? JSON.stringify(body));
}

function heard(answer: Answer): Answer {
  answers.push(JSON.stringify([[...answer.headers], answer.body]));
  return answer;
}

async function rotate(
  { namespace, name }: ObjectReference,
  parameters: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
): Promise<Answer> {
  return heard(
    await service.execute('rotate_secrets', parameters, { target: { kind: 'Secret', namespace, name }, ...more }),
  );
}

async function remember(secret: ObjectReference): Promise<void> {
  const { data } = await ground.cluster.get(secret);
  for (const value of Object.values(data as Record<string, string>)) values.add(value);
}

/** All that the service has written or answered, by where it is. */
async function everywhere(): Promise<Record<string, string>> {
  const tables = await service.sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public'`;
  const rows = await Promise.all(
    tables.map(async ({ name }) => JSON.stringify(await service.sql`select * from ${service.sql(name)}`)),
  );
  const { items } = await ground.cluster.list({ apiVersion: 'v1', kind: 'Event', namespace: ground.namespace });
  const spans = recorded
    .finished()
    .map(({ name, attributes, events, status, links }) => JSON.stringify({ name, attributes, events, status, links }));
  return {
    rows: rows.join('\n'),
    'log lines': service.logLines.join('\n'),
    spans: spans.join('\n'),
    answers: answers.join('\n'),
    Events: JSON.stringify(items),
  };
}

/** How many of the values the text has, in base64, as they are, or as JSON and URLs escape them. Never which. */
function foundIn(text: string): number {
  const forms = (value: string): string[] => {
    const plain = Buffer.from(value, 'base64');
    const readable = plain.toString('utf8');
    return [
      value,
      value.replace(/=+$/, ''),
      readable.trim(),
      JSON.stringify(readable).slice(1, -1),
      plain.toString('hex'),
    ];
  };
  return [...values].filter((value) => forms(value).some((form) => form.length >= 8 && text.includes(form))).length;
}

async function secretOf({ cluster, namespace, name }: Ground): Promise<ObjectReference> {
  const reference = { apiVersion: 'v1', kind: 'Secret', namespace, name: name('values') };
  const binary = Buffer.from(Uint8Array.from({ length: 24 }, (_, index) => 0xff - index)).toString('base64');
  await cluster.create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: reference.name, namespace },
    data: { binary },
    stringData: { password: 'hunter2hunter2', token: '0123456789abcdef0123456789abcdef\n' },
  });
  return reference;
}

/** As an admission webhook says no that has no manners: it quotes what it was sent. */
function refusal(body: string): Awaited<ReturnType<Fetch>> {
  const { data } = JSON.parse(body) as { data: Record<string, string> };
  const password = Buffer.from(data['password'] ?? '', 'base64').toString();
  return Response.json(
    {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      message: `admission webhook "strength.example" denied the request: ${password} (${data['password']}) is too weak; was ${[...values].join(', ')}`,
      reason: 'Forbidden',
      details: { causes: [{ message: `weak: ${password}` }] },
      code: 403,
    },
    { status: 403 },
  );
}
