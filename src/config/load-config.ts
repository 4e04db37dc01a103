import type * as z from 'zod';
import { authFaults } from './auth-faults.ts';
import { configOf, type Config } from './config.ts';
import { databaseConnection } from './database-connection.ts';
import { readEnvironment, type Environment } from './environment.ts';
import { ConfigFaults, type Fault } from './fault.ts';
import type { GivenValue } from './given-value.ts';
import { kubernetesConnection } from './kubernetes-connection.ts';
import { logLevel } from './log-level.ts';
import { readSettingsFile } from './settings-file.ts';
import { Settings } from './settings.ts';
import { telemetryExport } from './telemetry-export.ts';

/** Where settings come from. */
export type ConfigSources = {
  env: Environment;
  /** The text of a file, undefined where there is none by that name. Left out where the runtime has no files. */
  readFile?: (path: string) => string | undefined;
};

const defaultFile = 'config/executor-service.yaml';

/**
 * The settings in force: the environment goes before the file, the file before the defaults.
 * @throws ConfigFaults with everything that is wrong, at once.
 */
export function loadConfig(sources: ConfigSources): Config {
  return loadSettings(sources).config;
}

/** As loadConfig, with what was given and where, by the path of the setting (`actions.lease`). */
export function loadSettings(sources: ConfigSources): { config: Config; given: ReadonlyMap<string, GivenValue> } {
  const { env } = sources;
  const file = readFileSettings(sources);
  const environment = readEnvironment(env);
  const given = new Map([...file.given, ...environment.given].map((value) => [value.setting.path.join('.'), value]));
  const faults = [...file.faults, ...environment.faults];

  const settings = parse(given, faults);
  const database = databaseConnection(settings.database, given);
  const kubernetes = kubernetesConnection(settings.kubernetes, { env, given });
  const level = logLevel(env);
  faults.push(...database.faults, ...kubernetes.faults, ...level.faults, ...portFaults(settings, given));
  faults.push(...authFaults(settings, given));
  if (faults.length > 0) throw new ConfigFaults(faults);

  const decided = {
    database: database.connection,
    kubernetes: kubernetes.connection,
    logLevel: level.level,
    telemetry: telemetryExport(env),
  };
  return { config: configOf(settings, decided), given };
}

function readFileSettings({ env, readFile }: ConfigSources): { given: GivenValue[]; faults: Fault[] } {
  const asked = env.EXECUTOR_CONFIG;
  if (!readFile) {
    const fault = {
      where: 'EXECUTOR_CONFIG',
      problem: 'names a file, and this runtime has none',
      allowed: 'settings as EXECUTOR_ variables',
    };
    return { given: [], faults: asked ? [fault] : [] };
  }
  const name = asked || defaultFile;
  try {
    const content = readFile(name);
    if (content !== undefined) return readSettingsFile({ name, content, env });
  } catch (error) {
    return {
      given: [],
      faults: [{ where: name, problem: `can't be read: ${error instanceof Error ? error.message : String(error)}` }],
    };
  }
  return { given: [], faults: asked ? [{ where: 'EXECUTOR_CONFIG', problem: `there is no file ${name}` }] : [] };
}

/** Adds what is wrong to the faults, and goes on with the rest, so that what depends on several settings is checked too. */
function parse(given: ReadonlyMap<string, GivenValue>, faults: Fault[]): Settings {
  const first = Settings.safeParse(nested(given.values()));
  if (first.success) return first.data;
  const faulty = new Set<GivenValue>();
  for (const issue of first.error.issues) {
    const value = [...given.values()].find(({ setting }) =>
      setting.path.every((key, index) => issue.path[index] === key),
    );
    if (!value)
      throw new Error(`The configuration schema refuses its own defaults at ${issue.path.join('.')}: ${issue.message}`);
    faulty.add(value);
    faults.push(faultOf(value, issue));
  }
  return Settings.parse(nested([...given.values()].filter((value) => !faulty.has(value))));
}

function nested(given: Iterable<GivenValue>): Record<string, unknown> {
  type Section = { [key: string]: unknown };
  const root: Section = {};
  for (const { setting, value } of given) {
    let section = root;
    for (const key of setting.path.slice(0, -1)) {
      const next: Section = isSection(section[key]) ? section[key] : {};
      section[key] = next;
      section = next;
    }
    section[setting.path.at(-1) ?? ''] = value;
  }
  return root;

  function isSection(value: unknown): value is Section {
    return typeof value === 'object' && value !== null;
  }
}

function faultOf(given: GivenValue, issue: z.core.$ZodIssue): Fault {
  const { setting, where } = given;
  const inside = issue.path.slice(setting.path.length);
  const value = inside.reduce<unknown>(
    (whole, key) => (typeof whole === 'object' && whole !== null ? Reflect.get(whole, key) : undefined),
    given.value,
  );
  const key = ['executor', ...setting.path, ...inside].join('.');
  const shown = setting.secret ? 'hidden here' : (JSON.stringify(value) ?? 'nothing').slice(0, 80);
  const why = whyOf(issue);
  return { where, problem: `${key} is ${shown}${why}`, allowed: setting.allowed };
}

function whyOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `, with the unknown key ${issue.keys.join(', ')}`;
  return issue.code === 'custom' || issue.code === 'invalid_format' ? `, which ${issue.message}` : '';
}

function portFaults(settings: Settings, given: ReadonlyMap<string, GivenValue>): Fault[] {
  const { service_port: port, monitoring } = settings;
  if (port === 0 || port !== monitoring.metrics_port || !monitoring.enable_metrics) return [];
  const where = given.get('monitoring.metrics_port')?.where ?? given.get('service_port')?.where ?? '';
  return [
    {
      where,
      problem: `executor.service_port and executor.monitoring.metrics_port are both ${port}`,
      allowed: 'two ports',
    },
  ];
}
