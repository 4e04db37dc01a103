import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ConfigFaults } from '../../src/config/fault.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { settingList } from '../../src/config/setting-list.ts';

const shipped = readFileSync(new URL('../../config/executor-service.yaml', import.meta.url), 'utf8');

function load(content: string | undefined, env: Record<string, string> = {}) {
  return loadConfig({ env, readFile: (path) => (path === 'config/executor-service.yaml' ? content : undefined) });
}

function faultsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigFaults)
      return error.faults.map(({ where, problem, allowed }) => `${where}: ${problem}${allowed ? ` | ${allowed}` : ''}`);
    throw error;
  }
  return [];
}

const everywhere = { verdict: 'deny', namespaces: ['*'] };

describe('where settings come from', () => {
  test('without a file or a variable, the documented defaults hold', () => {
    const config = load(undefined);

    expect(config).toEqual({
      servicePort: 8084,
      serviceHost: '127.0.0.1',
      kubernetes: { connection: { kind: 'sandbox' }, timeoutMs: 30_000, retryAttempts: 3 },
      actions: {
        dryRun: false,
        maxConcurrent: 10,
        cooldownPeriodMs: 300_000,
        execPaths: ['/var/log', '/tmp', '/var/tmp', '/var/cache'],
        executionTimeoutMs: 120_000,
        leaseMs: 15_000,
        shutdownTimeoutMs: 20_000,
        waitForSlotMs: 10_000,
      },
      database: {
        connection: { kind: 'embedded', directory: '.data/postgres' },
        pooled: false,
        pool: 10,
        historyMs: 7_776_000_000,
        idempotencyMs: 86_400_000,
      },
      auth: {
        tokens: [],
        jwt: { name_claim: 'sub', name_prefix: 'jwt:', groups_claim: 'groups' },
        token_review: { enabled: false, audiences: ['executor'], cache: 10_000 },
        authorization: 'roles',
        roles: [],
        access_review: { group: 'executor.kubernaut.io' },
      },
      rateLimit: { requests: 600, perMs: 60_000 },
      safety: {
        enableCooldown: true,
        enableValidation: true,
        requireConfirmation: false,
        approval: { fromRisk: 'critical', expiresAfterMs: 1_800_000 },
        rules: {
          protected_target: {
            verdict: 'deny',
            namespaces: ['kube-system', 'kube-public', 'kube-node-lease'],
            labels: ['executor.kubernaut.io/protected=true'],
          },
          allowed_actions: { ...everywhere, by_namespace: [] },
          gitops_managed: everywhere,
          hpa_conflict: everywhere,
          last_node: everywhere,
          control_plane: everywhere,
          permission_check: everywhere,
          custom: [],
          minimum_replicas: { ...everywhere, by_namespace: [] },
          single_replica: { verdict: 'ask', namespaces: ['*'] },
          budget_headroom: everywhere,
          freeze_window: { ...everywhere, windows: [] },
          blast_radius: {
            ...everywhere,
            window: 10 * 60_000,
            targets_per_namespace: 20,
            targets_per_cluster: 100,
            node_share: 0.34,
          },
          namespace_quota: { ...everywhere, by_namespace: [] },
          oscillation: { ...everywhere, window: 30 * 60_000, scale_flips: 2, restarts: 3 },
          failure_backoff: {
            ...everywhere,
            delays: [60_000, 120_000, 240_000, 480_000, 600_000],
            blocked_after: 5,
          },
        },
      },
      monitoring: { enableMetrics: true, metricsPort: 9094, enableTracing: true },
      logLevel: 'info',
      telemetry: { traces: false, logs: false, metrics: undefined },
    });
  });

  test('the file that is shipped changes none of them', () => {
    expect(load(shipped)).toEqual(load(undefined));
  });

  test('a runtime without files builds the same from variables alone', () => {
    const config = loadConfig({ env: { EXECUTOR_ACTIONS_LEASE: '30s', DATABASE_URL: 'postgres://u:p@db/x' } });

    expect(config.actions.leaseMs).toBe(30_000);
    expect(config.database.connection).toEqual({ kind: 'url', url: 'postgres://u:p@db/x' });
  });

  test('the environment goes before the file, the file before the default', () => {
    const content = 'executor: { actions: { lease: 20s, max_concurrent: 4 } }';

    const config = load(content, { EXECUTOR_ACTIONS_LEASE: '30s' });

    expect(config.actions).toMatchObject({ leaseMs: 30_000, maxConcurrent: 4, waitForSlotMs: 10_000 });
  });

  test('EXECUTOR_CONFIG names another file', () => {
    const config = loadConfig({
      env: { EXECUTOR_CONFIG: '/etc/e.yaml' },
      readFile: (path) => (path === '/etc/e.yaml' ? 'executor: { service_port: 1 }' : undefined),
    });

    expect(config.servicePort).toBe(1);
  });

  test('a file that EXECUTOR_CONFIG names and that is not there is a fault', () => {
    expect(faultsOf(() => load(undefined, { EXECUTOR_CONFIG: '/nowhere.yaml' }))).toEqual([
      'EXECUTOR_CONFIG: there is no file /nowhere.yaml',
    ]);
    expect(faultsOf(() => loadConfig({ env: { EXECUTOR_CONFIG: 'a.yaml' } }))[0]).toMatch('this runtime has none');
  });

  test('every setting can be set by its variable, to its own default', () => {
    const env: Record<string, string> = {};
    for (const { variable, default: preset } of settingList) {
      if (preset !== undefined) env[variable] = typeof preset === 'string' ? preset : JSON.stringify(preset);
    }

    expect(Object.keys(env).length).toBeGreaterThan(25);
    expect(load(undefined, env)).toEqual(load(undefined));
  });

  test('an empty section, or one that is commented out, is not given', () => {
    expect(load('executor:\n  database:\n    # host: x\n  actions:\n')).toEqual(load(undefined));
    expect(load('executor:\n')).toEqual(load(undefined));
    expect(load('# nothing\n')).toEqual(load(undefined));
  });
});

describe('variables inside the file', () => {
  test('are replaced by what the environment holds, and that is not expanded again', () => {
    const content = 'executor: { database: { host: "${H}", port: "${P}", password: "${W}" } }';

    const config = load(content, { H: 'db', P: '6432', W: 'a${H}/@' });

    expect(config.database.connection).toEqual({
      kind: 'url',
      url: 'postgres://executor_user:a%24%7BH%7D%2F%40@db:6432/action_history',
    });
  });

  test('that are not set or empty leave the default', () => {
    expect(load('executor: { actions: { lease: "${NO}", dry_run: "${EMPTY}" } }', { EMPTY: '' })).toEqual(
      load(undefined),
    );
  });

  test('stand for flags, numbers and lists too', () => {
    const content =
      'executor: { actions: { dry_run: "${D}" }, safety: { rules: { protected_target: { namespaces: "${N}" } } } }';

    const config = load(content, { D: 'true', N: '["vault"]' });

    expect(config.actions.dryRun).toBe(true);
    expect(config.safety.rules.protected_target.namespaces).toEqual(['vault']);
  });

  test('that are not set inside a longer text are a fault, and so is any other syntax', () => {
    const content =
      'executor:\n  database:\n    host: "db.${REGION}.example"\n    name: "${NAME:-x}"\n    user: "${OPEN"\n';

    expect(faultsOf(() => load(content))).toEqual([
      'config/executor-service.yaml:3: executor.database.host needs the variable REGION, which is not set',
      'config/executor-service.yaml:4: executor.database.name holds a ${ that is not followed by the name of a variable and }',
      'config/executor-service.yaml:5: executor.database.user holds a ${ that is not followed by the name of a variable and }',
    ]);
  });
});

describe('faults', () => {
  test('are all reported at once, each with its place', () => {
    const content = `executor:
  service_port: high
  actions:
    max_concurent: 3
    lease: 15
    dry_run: maybe
  safety:
    require_confirmation: sometimes
  colour: blue
other: 1
`;
    const env = { EXECUTOR_DATABASE_POOL: '0', EXECUTOR_ACTION_LEASE: '3s', LOG_LEVEL: 'loud' };

    expect(faultsOf(() => load(content, env))).toEqual([
      'config/executor-service.yaml:2: executor.service_port is "high" | a whole number from 0 to 65535',
      'config/executor-service.yaml:4: unknown key executor.actions.max_concurent; did you mean max_concurrent? | dry_run, max_concurrent, cooldown_period, execution_timeout, lease, shutdown_timeout, wait_for_slot, exec_paths',
      'config/executor-service.yaml:5: executor.actions.lease is "15", which is not a duration | a duration such as 30s, 5m, 1h30m or 90d, from 1s to 10m',
      'config/executor-service.yaml:6: executor.actions.dry_run is "maybe" | true or false',
      'config/executor-service.yaml:8: executor.safety.require_confirmation is "sometimes" | true or false',
      'config/executor-service.yaml:9: unknown key executor.colour | service_port, service_host, kubernetes, actions, database, auth, rate_limit, safety, monitoring',
      'config/executor-service.yaml:10: unknown key other | executor',
      'EXECUTOR_ACTION_LEASE: unknown variable; did you mean EXECUTOR_ACTIONS_LEASE?',
      'EXECUTOR_DATABASE_POOL: executor.database.pool is 0 | a whole number from 1 to 500',
      'LOG_LEVEL: is "loud" | debug, info, warn, error',
    ]);
  });

  test('name the line of what is not YAML, and of a key given twice', () => {
    expect(faultsOf(() => load('executor:\n  actions: {'))[0]).toMatch(/^config\/executor-service\.yaml:2: not YAML/);
    expect(faultsOf(() => load('executor:\n  service_port: 1\n  service_port: 2\n'))[0]).toMatch(
      /^config\/executor-service\.yaml:3: not YAML: Map keys must be unique/,
    );
  });

  test.each([['[]'], ['3'], ['executor: []'], ['executor: { actions: 5 }'], ['executor: { actions: [] }']])(
    '%s is not a map',
    (content) => {
      expect(faultsOf(() => load(content))[0]).toMatch('is not a map');
    },
  );

  test('never hold a secret', () => {
    const env = { EXECUTOR_DATABASE_URL: 'mysql://u:hunter2@h/x', EXECUTOR_DATABASE_PASSWORD: 'hunter2\nx' };

    const faults = faultsOf(() => load(undefined, env));

    expect(faults).toHaveLength(2);
    expect(faults.join()).not.toContain('hunter2');
  });

  test.each(['orchestration', 'recipes', 'alerts', 'approvals'])(
    '%s belongs to a later version and stops the start',
    (key) => {
      expect(faultsOf(() => load(`executor: { ${key}: {} }`))[0]).toMatch(`unknown key executor.${key}`);
    },
  );

  test.each(['allow', 'no'])('%s is no verdict', (verdict) => {
    expect(
      faultsOf(() => load(`executor: { safety: { rules: { last_node: { verdict: ${verdict} } } } }`)),
    ).toHaveLength(1);
  });

  test('two interfaces on one port', () => {
    expect(faultsOf(() => load('executor: { service_port: 9094 }'))).toHaveLength(1);
    expect(load('executor: { service_port: 9094, monitoring: { enable_metrics: false } }').servicePort).toBe(9094);
  });
});

describe('which database', () => {
  test('admin_url is for its schema, beside url or host', () => {
    const admin = 'postgres://owner@direct/x';
    expect(
      load('executor: { database: { url: "postgres://pooler/x" } }', { EXECUTOR_DATABASE_ADMIN_URL: admin }).database
        .connection,
    ).toEqual({ kind: 'url', url: 'postgres://pooler/x', adminUrl: admin });
    expect(load(`executor: { database: { host: pooler, admin_url: "${admin}" } }`).database.connection).toMatchObject({
      kind: 'url',
      adminUrl: admin,
    });
    expect(faultsOf(() => load(`executor: { database: { admin_url: "${admin}" } }`))).toEqual([
      'config/executor-service.yaml:1: executor.database.admin_url is given, but neither executor.database.url nor executor.database.host | admin_url beside one of the two',
    ]);
    expect(faultsOf(() => load('executor: { database: { host: a, admin_url: "postgres://[" } }'))).toHaveLength(1);
  });

  test('name and user alone leave the embedded one', () => {
    expect(load('executor: { database: { name: a, user: b, password: c } }').database.connection.kind).toBe('embedded');
  });

  test('a host is put together with the rest, whatever characters they hold', () => {
    const config = load('executor: { database: { host: "::1", name: "a/b", user: "u@x", password: 0123 } }');

    expect(config.database.connection).toEqual({ kind: 'url', url: 'postgres://u%40x:0123@[::1]:5432/a%2Fb' });
  });

  test('DATABASE_URL wins over a host in the file, and its own setting over both', () => {
    const content = 'executor: { database: { host: filehost } }';

    expect(load(content, { DATABASE_URL: 'postgres://env/x' }).database.connection).toEqual({
      kind: 'url',
      url: 'postgres://env/x',
    });
    expect(
      load(content, { DATABASE_URL: 'postgres://env/x', EXECUTOR_DATABASE_URL: 'postgres://own/x' }).database
        .connection,
    ).toEqual({ kind: 'url', url: 'postgres://own/x' });
  });

  test('a host from the environment wins over a URL in the file', () => {
    const config = load('executor: { database: { url: "postgres://file/x" } }', { EXECUTOR_DATABASE_HOST: 'envhost' });

    expect(config.database.connection).toEqual({
      kind: 'url',
      url: 'postgres://executor_user@envhost:5432/action_history',
    });
  });

  test('both in one place is a fault', () => {
    expect(faultsOf(() => load('executor: { database: { url: "postgres://a/x", host: b } }'))).toHaveLength(1);
  });

  test('a URL with a password that breaks it is a fault that does not show it', () => {
    const faults = faultsOf(() => load(undefined, { DATABASE_URL: 'postgres://u:hunter2@h:port/x' }));

    expect(faults).toEqual([
      'DATABASE_URL: executor.database.url is not a URL | postgres://user:password@host:port/name',
    ]);
  });
});

describe('which cluster', () => {
  test('KUBECONFIG names files, and ~ is the home directory', () => {
    const config = load(shipped, {
      KUBECONFIG: '~/.kube/config:/b',
      HOME: '/home/me',
      KUBERNETES_SERVICE_HOST: '10.0.0.1',
    });

    expect(config.kubernetes.connection).toEqual({
      kind: 'kubeconfig',
      paths: ['/home/me/.kube/config', '/b'],
      context: undefined,
    });
  });

  test('inside a cluster it is that cluster', () => {
    expect(load(shipped, { KUBERNETES_SERVICE_HOST: '10.0.0.1' }).kubernetes.connection).toEqual({
      kind: 'in_cluster',
    });
  });

  test('a context without a kubeconfig is a fault', () => {
    expect(faultsOf(() => load('executor: { kubernetes: { context: prod } }'))).toHaveLength(1);
  });
});

describe('the variables that Kubernetes sets for Services', () => {
  test('of a Service named executor-service are not settings', () => {
    const env = {
      EXECUTOR_SERVICE_SERVICE_HOST: '10.0.0.7',
      EXECUTOR_SERVICE_SERVICE_PORT: '8084',
      EXECUTOR_SERVICE_SERVICE_PORT_HTTP: '8084',
      EXECUTOR_SERVICE_PORT: 'tcp://10.0.0.7:8084',
      EXECUTOR_SERVICE_PORT_8084_TCP: 'tcp://10.0.0.7:8084',
      EXECUTOR_SERVICE_PORT_8084_TCP_PROTO: 'tcp',
      EXECUTOR_SERVICE_PORT_8084_TCP_PORT: '8084',
      EXECUTOR_SERVICE_PORT_8084_TCP_ADDR: '10.0.0.7',
    };

    expect(load(undefined, env).servicePort).toBe(8084);
    expect(load(undefined, { ...env, EXECUTOR_SERVICE_PORT: '9000' }).servicePort).toBe(9000);
  });

  test('of a Service named executor are not settings, and what the pod sets itself is', () => {
    const env = {
      EXECUTOR_PORT: 'tcp://10.0.0.7:80',
      EXECUTOR_PORT_80_TCP: 'tcp://10.0.0.7:80',
      EXECUTOR_SERVICE_HOST: '10.0.0.7',
      EXECUTOR_SERVICE_PORT: '80',
    };

    expect(load(undefined, env)).toMatchObject({ serviceHost: '127.0.0.1', servicePort: 8084 });
    expect(load(undefined, { ...env, EXECUTOR_SERVICE_HOST: '127.0.0.9' }).serviceHost).toBe('127.0.0.9');
  });
});

describe('what OpenTelemetry exports', () => {
  const otlp = { exporters: ['otlp'], protocol: 'http/protobuf', intervalMs: 60_000, timeoutMs: 30_000 };

  test.each([
    [{}, { traces: false, logs: false, metrics: undefined }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, { traces: true, logs: true, metrics: otlp }],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318' }, { traces: true, logs: false, metrics: undefined }],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_METRICS_EXPORTER: 'none' },
      { traces: true, logs: true, metrics: undefined },
    ],
    [{ OTEL_METRICS_EXPORTER: 'prometheus' }, { traces: false, logs: false, metrics: undefined }],
    [{ OTEL_TRACES_EXPORTER: 'console' }, { traces: true, logs: false, metrics: undefined }],
    [
      { OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'true' },
      { traces: false, logs: false, metrics: undefined },
    ],
    [
      {
        OTEL_METRICS_EXPORTER: 'otlp, console',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_METRIC_EXPORT_INTERVAL: '1000',
      },
      {
        traces: false,
        logs: false,
        metrics: { exporters: ['otlp', 'console'], protocol: 'grpc', intervalMs: 1000, timeoutMs: 1000 },
      },
    ],
  ])('%j', (env, expected) => {
    expect(load(undefined, env).telemetry).toEqual(expected);
  });
});
