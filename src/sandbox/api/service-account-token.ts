import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { storageOf } from '../kinds/kind.ts';
import { serviceAccounts } from '../kinds/small.ts';
import { at, isRecord } from '../resource.ts';
import type { Store } from '../store/store.ts';
import { json } from './answer.ts';
import { type ApiRequest, readBody } from './request.ts';
import { badRequest, invalid, notFound } from './status-error.ts';

const group = 'authentication.k8s.io';
const issuer = 'https://kubernetes.default.svc';
const shortestSeconds = 600;
const usualSeconds = 3_600;

/** Signs what this process hands out; nobody else can, and nothing outlasts it. */
const secret = randomBytes(32);

/** POST of a service account's `token` subresource: what `kubectl create token` asks for. */
export function createToken(store: Store, request: ApiRequest): Response {
  const { namespace = '', name = '' } = request.target;
  const account = store.get(storageOf(serviceAccounts), namespace, name);
  if (!account) throw notFound(serviceAccounts, name);
  const { spec } = readBody(request, 'TokenRequest');
  const given = at(spec, 'expirationSeconds');
  const seconds = typeof given === 'number' ? given : usualSeconds;
  if (seconds < shortestSeconds) {
    const message = `Invalid value: ${seconds}: may not specify a duration less than 10 minutes`;
    throw invalid({ group, kind: 'TokenRequest' }, '', [
      { reason: 'FieldValueInvalid', message, field: 'spec.expirationSeconds' },
    ]);
  }
  const asked = at(spec, 'audiences');
  const audiences = Array.isArray(asked) && asked.length > 0 ? asked.map(String) : [issuer];
  const now = Math.floor(store.now().getTime() / 1000);
  const { uid } = account.metadata;
  const token = signed({
    iss: issuer,
    aud: audiences,
    sub: `system:serviceaccount:${namespace}:${name}`,
    iat: now,
    nbf: now,
    exp: now + seconds,
    jti: randomUUID(),
    'kubernetes.io': { namespace, serviceaccount: { name, uid } },
  });
  return json(
    JSON.stringify({
      kind: 'TokenRequest',
      apiVersion: `${group}/v1`,
      metadata: { name, namespace, uid, creationTimestamp: store.timestamp() },
      spec: { audiences, expirationSeconds: seconds, boundObjectRef: null },
      status: { token, expirationTimestamp: `${new Date((now + seconds) * 1000).toISOString().slice(0, 19)}Z` },
    }),
    201,
  );
}

/** POST of a TokenReview: whose token it is, among those that this sandbox has handed out. */
export function reviewToken(store: Store, request: Omit<ApiRequest, 'target'>): Response {
  const { spec } = readBody(request, 'TokenReview');
  const token = at(spec, 'token');
  if (typeof token !== 'string' || token === '')
    throw badRequest('token is required for TokenReview in authentication');
  const asked = at(spec, 'audiences');
  const audiences = Array.isArray(asked) && asked.length > 0 ? asked.map(String) : undefined;
  const status = statusOf(store, token, audiences);
  return json(JSON.stringify({ kind: 'TokenReview', apiVersion: `${group}/v1`, metadata: {}, spec, status }), 201);
}

function statusOf(store: Store, token: string, audiences: string[] | undefined): object {
  const bad = { user: {}, error: 'invalid bearer token' };
  const claims = verified(token);
  const account = claims && accountOf(store, claims);
  if (!claims || !account || Number(claims.exp) * 1000 <= store.now().getTime()) return bad;
  const own = Array.isArray(claims.aud) ? claims.aud.map(String) : [];
  const common = (audiences ?? [issuer]).filter((audience) => own.includes(audience));
  if (common.length === 0) return bad;
  const { namespace = '', name, uid } = account.metadata;
  return {
    authenticated: true,
    user: {
      username: `system:serviceaccount:${namespace}:${name}`,
      uid,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${String(claims.jti)}`] },
    },
    // Those that were asked for and are the token's; without a question, nobody looked.
    ...(audiences ? { audiences: common } : {}),
  };
}

/** The very account: one that was deleted and made anew is another. */
function accountOf(store: Store, claims: Record<string, unknown>) {
  const bound = claims['kubernetes.io'];
  const account = store.get(
    storageOf(serviceAccounts),
    String(at(bound, 'namespace')),
    String(at(bound, 'serviceaccount', 'name')),
  );
  return account && account.metadata.uid === at(bound, 'serviceaccount', 'uid') ? account : undefined;
}

function signed(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const content = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${content}.${signature(content).toString('base64url')}`;
}

function verified(token: string): Record<string, unknown> | undefined {
  const [header = '', claims = '', given = ''] = token.split('.');
  const right = signature(`${header}.${claims}`);
  const sent = Buffer.from(given, 'base64url');
  if (sent.length !== right.length || !timingSafeEqual(sent, right)) return undefined;
  const parsed: unknown = JSON.parse(Buffer.from(claims, 'base64url').toString());
  return isRecord(parsed) ? parsed : undefined;
}

function signature(content: string): Buffer {
  return createHmac('sha256', secret).update(content).digest();
}
