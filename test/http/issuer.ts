import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

/** An OpenID Connect issuer on this machine, as far as a verifier sees one. */
export interface Issuer {
  /** Settings that make the service take its tokens. */
  env: Record<string, string>;
  /** A token of the newest key, good for a minute unless the claims say otherwise. */
  token(claims: JWTPayload): Promise<string>;
  /** Signs with a new key from now on. `publish` decides which keys are shown: all of them until it is called. */
  rotate(): Promise<void>;
  /** From now on only the newest so many keys are shown. */
  publish(newest: number): void;
  /** From now on nothing is answered. */
  away: boolean;
  /** How often the keys were fetched. */
  fetched: number;
  close(): Promise<void>;
}

const audience = 'executor';

export async function startIssuer(): Promise<Issuer> {
  const keys: { id: string; pair: Awaited<ReturnType<typeof generateKeyPair>> }[] = [];
  let shown = Number.POSITIVE_INFINITY;
  const addKey = async () => {
    keys.unshift({ id: `key-${keys.length + 1}`, pair: await generateKeyPair('ES256') });
  };
  await addKey();
  const server = createServer((_request, response) => {
    if (issuer.away) return void response.destroy();
    issuer.fetched += 1;
    const published = keys.slice(0, shown);
    void Promise.all(published.map(async ({ id, pair }) => ({ ...(await exportJWK(pair.publicKey)), kid: id }))).then(
      (jwks) => response.end(JSON.stringify({ keys: jwks })),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer: Issuer = {
    env: {
      EXECUTOR_AUTH_JWT_ISSUER: url,
      EXECUTOR_AUTH_JWT_AUDIENCE: audience,
      EXECUTOR_AUTH_JWT_JWKS_URL: `${url}/keys`,
    },
    async token(claims) {
      const [key] = keys;
      if (!key) throw new Error('There is no key');
      return await new SignJWT({ iss: url, aud: audience, exp: Math.floor(Date.now() / 1000) + 60, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: key.id })
        .sign(key.pair.privateKey);
    },
    rotate: addKey,
    publish: (newest) => {
      shown = newest;
    },
    away: false,
    fetched: 0,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return issuer;
}
