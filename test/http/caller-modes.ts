import { readFile } from 'node:fs/promises';
import { createPrivateKey } from 'node:crypto';
import { decodeJwt, SignJWT } from 'jose';
import type { Cluster } from '../../src/kubernetes/cluster.ts';
import { eventually } from '../support/cluster.ts';
import { startIssuer } from './issuer.ts';
import { type StaticCaller, staticCallers } from './static-callers.ts';

/** The columns of the table of callers: how somebody may come, and what they may. */
export const columns = ['none', 'expired', 'foreign', 'viewer', 'operator', 'approver', 'admin'] as const;
export type Column = (typeof columns)[number];
export type Known = Exclude<Column, 'none' | 'expired'>;

/** One way of knowing callers and what they may: the settings for it, and everybody's token. */
export interface CallerMode {
  env: Record<string, string>;
  tokens: Record<Exclude<Column, 'none'>, string>;
  /** As the record has them. */
  nameOf(caller: Known): string;
  close(): Promise<void>;
}

export interface ModeGround {
  cluster: Cluster;
  own: string;
  foreign: string;
  /** Where the viewer may look as well, and nothing was ever done. */
  silent: string;
  /** Of the service accounts. */
  accounts: string;
  /** Whatever is signed within it has expired for the cluster by the end of it; undefined where nobody can do that. */
  expiredToken: ((good: () => Promise<string>) => Promise<string>) | undefined;
}

type Start = (ground: ModeGround) => Promise<CallerMode>;

/** Static tokens, JSON web tokens and service accounts; the last with rights by SubjectAccessReview. */
export const modes: Record<string, Start> = {
  'static tokens and roles': async (ground) => {
    const { env, tokens } = staticCallers({ ...callersIn(ground), expired: { role: 'admin', expired: true } });
    return { env, tokens, nameOf: (caller) => `static:${caller}`, close: async () => {} };
  },

  'JSON web tokens and roles': async (ground) => {
    const issuer = await startIssuer();
    const roles = Object.entries(callersIn(ground)).map(([name, { role, namespaces = ['*'] }]) => ({
      role,
      namespaces,
      callers: [`jwt:${name}`],
    }));
    const exp = Math.floor(Date.now() / 1000);
    const token = (sub: string) => issuer.token({ sub, exp: exp + 600 });
    return {
      env: { ...issuer.env, EXECUTOR_AUTH_ROLES: JSON.stringify(roles) },
      tokens: {
        expired: await issuer.token({ sub: 'admin', exp: exp - 1 }),
        foreign: await token('foreign'),
        viewer: await token('viewer'),
        operator: await token('operator'),
        approver: await token('approver'),
        admin: await token('admin'),
      },
      nameOf: (caller) => `jwt:${caller}`,
      close: () => issuer.close(),
    };
  },

  'service accounts and access reviews': async (ground) => {
    const { accounts } = ground;
    const names: readonly Known[] = ['foreign', 'viewer', 'operator', 'approver', 'admin'];
    for (const name of names) await allowed(ground, name, callersIn(ground)[name]);
    const [foreign = '', viewer = '', operator = '', approver = '', admin = ''] = await Promise.all(
      names.map((name) => tokenOf(ground, name)),
    );
    const expired = await (ground.expiredToken ?? deadToken(ground))(() => tokenOf(ground, 'admin'));
    return {
      env: {
        EXECUTOR_AUTH_TOKEN_REVIEW_ENABLED: 'true',
        // Each question is asked: their number may not tell anything either.
        EXECUTOR_AUTH_TOKEN_REVIEW_CACHE: '0s',
        EXECUTOR_AUTH_AUTHORIZATION: 'access_review',
      },
      tokens: { expired, foreign, viewer, operator, approver, admin },
      nameOf: (caller) => `kubernetes:system:serviceaccount:${accounts}:${caller}`,
      close: async () => {
        for (const kind of ['ClusterRoleBinding', 'ClusterRole'])
          await ground.cluster.delete({ apiVersion: rbac, kind, name: `admin-${accounts}` });
      },
    };
  },
};

function callersIn({ own, foreign, silent }: ModeGround): Record<Known, StaticCaller> {
  return {
    foreign: { role: 'operator', namespaces: [foreign] },
    viewer: { role: 'viewer', namespaces: [own, silent] },
    operator: { role: 'operator', namespaces: [own] },
    approver: { role: 'approver', namespaces: [own] },
    admin: { role: 'admin' },
  };
}

const rbac = 'rbac.authorization.k8s.io/v1';
const verbsOf = {
  viewer: ['get'],
  operator: ['get', 'execute', 'control'],
  approver: ['get', 'approve'],
  admin: ['get', 'execute', 'approve', 'control'],
};

/** A service account with the rights of a role: in the namespaces given, or everywhere. */
async function allowed(
  { cluster, accounts }: ModeGround,
  account: string,
  { role = 'viewer', namespaces }: StaticCaller,
): Promise<void> {
  await cluster.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace: accounts } });
  const scope = namespaces ? '' : 'Cluster';
  for (const namespace of namespaces ?? [undefined]) {
    const metadata = namespace === undefined ? { name: `${account}-${accounts}` } : { name: account, namespace };
    const rules = [{ apiGroups: ['executor.kubernaut.io'], resources: ['actions'], verbs: verbsOf[role] }];
    await cluster.create({ apiVersion: rbac, kind: `${scope}Role`, metadata, rules });
    await cluster.create({
      apiVersion: rbac,
      kind: `${scope}RoleBinding`,
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: `${scope}Role`, name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace: accounts }],
    });
  }
}

/** As `kubectl create token` asks for it. */
async function tokenOf({ cluster, accounts }: ModeGround, account: string): Promise<string> {
  const { status } = await cluster.create(
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { name: account, namespace: accounts },
      spec: { audiences: ['executor'], expirationSeconds: 600 },
    },
    { subresource: 'token' },
  );
  return (status as { token: string }).token;
}

/** With the key that the API server signs with, the same token as if it had been made long ago. */
export function signedLongAgo(keyFile: string): NonNullable<ModeGround['expiredToken']> {
  return async (good) => {
    const key = createPrivateKey(await readFile(keyFile, 'utf8'));
    const claims = decodeJwt(await good());
    const [header = ''] = (await good()).split('.');
    const { kid }: { kid?: string } = JSON.parse(Buffer.from(header, 'base64url').toString());
    const past = Math.floor(Date.now() / 1000) - 3_600;
    return await new SignJWT({ ...claims, iat: past - 600, nbf: past - 600, exp: past })
      .setProtectedHeader({ alg: 'RS256', ...(kid === undefined ? {} : { kid }) })
      .sign(key);
  };
}

/** Where nobody can make one that has expired: one whose account is gone. */
function deadToken(ground: ModeGround): NonNullable<ModeGround['expiredToken']> {
  return async () => {
    const { cluster, accounts: namespace } = ground;
    await cluster.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'leaver', namespace } });
    const token = await tokenOf(ground, 'leaver');
    await cluster.delete({ apiVersion: 'v1', kind: 'ServiceAccount', namespace, name: 'leaver' });
    await eventually(async () => {
      const { items } = await cluster.list({ apiVersion: 'v1', kind: 'ServiceAccount', namespace });
      if (items.some(({ metadata }) => metadata.name === 'leaver')) throw new Error('It is still there');
    });
    return token;
  };
}
