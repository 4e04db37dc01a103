import { closestName } from '../text/closest-names.ts';
import type { Fault } from './fault.ts';
import { fromText, type GivenValue } from './given-value.ts';
import { withoutServiceLinks } from './service-links.ts';
import { settingList } from './setting-list.ts';

/** Environment variables: `process.env`, or the bindings of an edge runtime. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that set a setting under a name that every program knows; the setting's own variable goes before. */
const commonNames: Readonly<Record<string, string>> = {
  'database.url': 'DATABASE_URL',
  'kubernetes.config_path': 'KUBECONFIG',
};

/** The settings that the environment gives, and the `EXECUTOR_` variables that nobody knows. An empty variable gives nothing. */
export function readEnvironment(env: Environment): { given: GivenValue[]; faults: Fault[] } {
  const own = withoutServiceLinks(env);
  const given: GivenValue[] = [];
  for (const setting of settingList) {
    for (const variable of [setting.variable, commonNames[setting.path.join('.')]]) {
      const text = variable === undefined ? undefined : own[variable];
      if (variable === undefined || !text) continue;
      given.push({ setting, value: fromText(setting, text), where: variable, from: 'environment' });
      break;
    }
  }
  const known = ['EXECUTOR_CONFIG', ...settingList.map((setting) => setting.variable)];
  const faults = Object.keys(own)
    .filter((name) => name.startsWith('EXECUTOR_') && own[name] !== undefined && !known.includes(name))
    .map((name) => unknownVariable(name, known));
  return { given, faults };
}

function unknownVariable(name: string, known: readonly string[]): Fault {
  const near = closestName(name, known);
  return {
    where: name,
    problem: `unknown variable${near ? `; did you mean ${near}?` : '; docs/settings.md lists those that exist'}`,
  };
}
