import { describe, expect, test } from 'vitest';
import { ConfigFaults } from '../../src/config/fault.ts';
import { loadConfig, loadSettings } from '../../src/config/load-config.ts';
import { printSettings } from '../../src/config/print-settings.ts';

const hash = `sha256:${'0a'.repeat(32)}`;
const issuer = { issuer: 'https://issuer', audience: 'executor', jwks_url: 'https://issuer/keys' };

function faultsOf(env: Record<string, string>): string {
  try {
    loadConfig({ env });
  } catch (error) {
    if (error instanceof ConfigFaults) return error.message;
    throw error;
  }
  return '';
}

describe('an address that others can reach', () => {
  test.each(['0.0.0.0', '10.1.2.3', '::', 'executor.example', '128.0.0.1', 'localhost.example'])(
    '%s without a mode of auth stops the start, and says what to set',
    (EXECUTOR_SERVICE_HOST) => {
      expect(faultsOf({ EXECUTOR_SERVICE_HOST })).toMatch(
        /EXECUTOR_SERVICE_HOST: .*others can reach.*auth\.token_review\.enabled, auth\.jwt and auth\.tokens/,
      );
    },
  );

  test.each<Record<string, string>>([
    { EXECUTOR_AUTH_TOKENS: JSON.stringify([{ name: 'ci', hash }]) },
    { EXECUTOR_AUTH_TOKEN_REVIEW_ENABLED: 'true' },
    {
      EXECUTOR_AUTH_JWT_ISSUER: issuer.issuer,
      EXECUTOR_AUTH_JWT_AUDIENCE: issuer.audience,
      EXECUTOR_AUTH_JWT_JWKS_URL: issuer.jwks_url,
    },
  ])('is taken with a mode: %j', (mode) => {
    expect(faultsOf({ EXECUTOR_SERVICE_HOST: '0.0.0.0', ...mode })).toBe('');
  });

  test.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])(
    '%s is none, and needs no mode',
    (EXECUTOR_SERVICE_HOST) => {
      expect(faultsOf({ EXECUTOR_SERVICE_HOST })).toBe('');
    },
  );
});

describe('what is refused of auth', () => {
  const tokens = (...list: object[]) => ({ EXECUTOR_AUTH_TOKENS: JSON.stringify(list) });

  test.each([
    ['a token in clear', tokens({ name: 'ci', hash: 'hunter2hunter2' }), 'executor.auth.tokens.0.hash is hidden here'],
    ['an unknown key', tokens({ name: 'ci', hash, token: 'x' }), 'unknown key token'],
    [
      'two tokens of one name',
      tokens({ name: 'ci', hash }, { name: 'ci', hash: hash.replace('0a', '0b') }),
      'the name of another',
    ],
    ['one token of two names', tokens({ name: 'a', hash }, { name: 'b', hash }), 'the hash of another'],
    ['a time that is none', tokens({ name: 'ci', hash, expires_at: 'tomorrow' }), 'expires_at'],
    [
      'half of jwt',
      { EXECUTOR_AUTH_JWT_ISSUER: 'https://issuer' },
      'executor.auth.jwt has no audience and no jwks_url',
    ],
    ['keys over plain HTTP', { EXECUTOR_AUTH_JWT_JWKS_URL: 'http://issuer/keys' }, 'an https address'],
    ['the prefix of another source', { EXECUTOR_AUTH_JWT_NAME_PREFIX: 'static:' }, 'name_prefix'],
    ['no prefix', { EXECUTOR_AUTH_JWT_NAME_PREFIX: 'ada' }, 'name_prefix'],
    ['a role that is none', { EXECUTOR_AUTH_ROLES: '[{"role":"root"}]' }, 'executor.auth.roles.0.role is "root"'],
  ])('%s', (_title, env, said) => {
    const faults = faultsOf(env);

    expect(faults).toContain(said);
    expect(faults).not.toContain('hunter2');
  });
});

test('the print-out shows no hash', () => {
  const { given } = loadSettings({ env: { EXECUTOR_AUTH_TOKENS: JSON.stringify([{ name: 'ci', hash }]) } });

  expect(printSettings(given)).not.toContain('0a0a');
});
