import * as z from 'zod';
import { Auth } from './auth-settings.ts';
import { RuleSettings } from './rule-settings.ts';
import { choice, duration, flag, listOf, optionalText, text, wholeNumber } from './setting.ts';

const anything = /^[^\0\r\n]+$/;

/** Every setting, by the names of the file. The keys below `executor:`; what is not here is an unknown key and stops the start. */
export const Settings = z.strictObject({
  service_port: wholeNumber({
    default: 8084,
    min: 0,
    max: 65535,
    about: 'Port of the HTTP interface; 0 takes a free one.',
  }),
  service_host: text({
    default: '127.0.0.1',
    pattern: /^[A-Za-z0-9.:_-]+$/,
    allowed: 'an address or a host name',
    about:
      'Address to listen on; 0.0.0.0 in a container. Any but loopback needs a mode of `auth`, else the start is refused.',
  }),

  kubernetes: z
    .strictObject({
      config_path: optionalText({
        about:
          'Kubeconfig to use, several joined by `:` as in KUBECONFIG. Without one: the service account when in a cluster, else the embedded sandbox.',
        allowed: 'a path; ~ is the home directory',
        pattern: anything,
      }),
      context: optionalText({
        about: 'Context of the kubeconfig; without one its current-context.',
        allowed: 'the name of a context',
        pattern: anything,
      }),
      timeout: duration({ default: '30s', min: '100ms', max: '10m', about: 'Deadline of one call to the API server.' }),
      retry_attempts: wholeNumber({
        default: 3,
        min: 0,
        max: 20,
        about: 'How often a call that is safe to repeat is repeated.',
      }),
    })
    .prefault({}),

  actions: z
    .strictObject({
      dry_run: flag({ default: false, about: 'Every execution is a dry run.' }),
      max_concurrent: wholeNumber({
        default: 10,
        min: 1,
        max: 1000,
        about: 'Executions under way at one time, over all replicas.',
      }),
      cooldown_period: duration({
        default: '5m',
        min: '0s',
        max: '7d',
        about: 'How long the same action on the same target is refused after it took effect.',
      }),
      execution_timeout: duration({ default: '120s', min: '1s', max: '1d', about: 'Deadline of one execution.' }),
      lease: duration({
        default: '15s',
        min: '1s',
        max: '10m',
        about: 'How long a replica may be silent before another settles what it had begun.',
      }),
      shutdown_timeout: duration({
        default: '20s',
        min: '0s',
        max: '10m',
        about: 'How long a stop waits for executions under way.',
      }),
      wait_for_slot: duration({
        default: '10s',
        min: '0s',
        max: '10m',
        about: 'How long a synchronous request waits for a slot, before it is refused with 429.',
      }),
      exec_paths: listOf({
        pattern: /^\/(?:[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)*)$/,
        default: ['/var/log', '/tmp', '/var/tmp', '/var/cache'],
        allowed: 'a list of absolute paths, each without `..` and without a slash at its end',
        about: 'Folders of a container in which files may be written or deleted.',
      }),
    })
    .prefault({}),

  database: z
    .strictObject({
      url: optionalText({
        about: 'PostgreSQL to use. Without `url` and `host` an embedded one is started. DATABASE_URL means the same.',
        allowed: 'postgres://user:password@host:port/name',
        pattern: /^postgres(ql)?:\/\/\S+$/,
        secret: true,
      }),
      admin_url: optionalText({
        about:
          'The same database for whoever may create tables, beside a pooler where there is one: the schema is brought up to date over it. Without it, over the usual connection.',
        allowed: 'postgres://user:password@host:port/name',
        pattern: /^postgres(ql)?:\/\/\S+$/,
        secret: true,
      }),
      host: optionalText({
        about: 'Host of the PostgreSQL to use, instead of `url`.',
        allowed: 'an address or a host name',
        pattern: /^[A-Za-z0-9.:_-]+$/,
      }),
      port: wholeNumber({ default: 5432, min: 1, max: 65535, about: 'Port, with `host`.' }),
      name: text({
        default: 'action_history',
        pattern: anything,
        allowed: 'the name of a database',
        about: 'Database, with `host`.',
      }),
      user: text({
        default: 'executor_user',
        pattern: anything,
        allowed: 'the name of a role',
        about: 'Role, with `host`.',
      }),
      password: optionalText({
        about: 'Password, with `host`.',
        allowed: 'a text of one line',
        pattern: anything,
        secret: true,
      }),
      pooled: flag({
        default: false,
        about:
          'The connection goes through a pooler in transaction mode (PgBouncer, Hyperdrive): no LISTEN, no prepared statements.',
      }),
      pool: wholeNumber({ default: 10, min: 1, max: 500, about: 'Connections held at the most.' }),
      history: duration({
        default: '90d',
        min: '1h',
        max: '3650d',
        about: 'How long finished executions are kept; never shorter than `idempotency`.',
      }),
      idempotency: duration({
        default: '24h',
        min: '1m',
        max: '30d',
        about: 'How long the answer to an Idempotency-Key is kept.',
      }),
    })
    .prefault({}),

  auth: Auth,

  rate_limit: z
    .strictObject({
      requests: wholeNumber({
        default: 600,
        min: 1,
        max: 1_000_000,
        about: 'As many requests that ask for an effect may one caller make in `rate_limit.per`, over all replicas.',
      }),
      per: duration({ default: '1m', min: '1s', max: '1d', about: 'The time that `rate_limit.requests` counts for.' }),
    })
    .prefault({}),

  safety: z
    .strictObject({
      enable_cooldown: flag({
        default: true,
        about: 'Refuse the same action on the same target within `actions.cooldown_period`.',
      }),
      enable_validation: flag({ default: true, about: 'Run the safety rules below before anything is changed.' }),
      require_confirmation: flag({
        default: false,
        about: 'Ask a person before each execution that changes something, whatever its risk.',
      }),
      approval: z
        .strictObject({
          from_risk: choice({
            of: ['never', 'low', 'medium', 'high', 'critical'],
            default: 'critical',
            about: 'Ask a person before an execution of that risk, or of a higher one.',
          }),
          expires_after: duration({
            default: '30m',
            min: '1s',
            max: '7d',
            about: 'A question that nobody has answered for so long is a no.',
          }),
        })
        .prefault({}),
      rules: RuleSettings,
    })
    .prefault({}),

  monitoring: z
    .strictObject({
      enable_metrics: flag({
        default: true,
        about: 'Count and measure; `/metrics` answers here and on `metrics_port`.',
      }),
      metrics_port: wholeNumber({
        default: 9094,
        min: 0,
        max: 65535,
        about: 'Second port that answers `/metrics`; 0 takes a free one.',
      }),
      enable_tracing: flag({ default: true, about: 'Spans; they are exported where the OTEL_ variables say.' }),
    })
    .prefault({}),
});
export type Settings = z.output<typeof Settings>;
