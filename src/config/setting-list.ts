import * as z from 'zod';
import { settingNotes, type SettingNote } from './setting.ts';
import { Settings } from './settings.ts';

/** One setting, as found in the schema. */
export type Setting = SettingNote & {
  /** Keys from below `executor:` down. */
  path: string[];
  /** The environment variable that sets it. */
  variable: string;
};

/** Every setting, in the order of the schema. */
export const settingList: readonly Setting[] = listSettings(Settings, []);

/** The names that are known directly below a section of the file; undefined where the path is no section. */
export function namesBelow(path: readonly string[]): string[] | undefined {
  const names = settingList
    .filter((setting) => setting.path.length > path.length && path.every((key, index) => setting.path[index] === key))
    .map((setting) => setting.path[path.length] ?? '');
  return names.length > 0 ? [...new Set(names)] : undefined;
}

/** The setting that a path, or a place inside its value, belongs to. */
export function settingAt(path: readonly PropertyKey[]): Setting | undefined {
  return settingList.find((setting) => setting.path.every((key, index) => path[index] === key));
}

function listSettings(schema: z.core.$ZodType, path: string[]): Setting[] {
  const note = settingNotes.get(schema);
  if (note) return [{ ...note, path, variable: `EXECUTOR_${path.join('_').toUpperCase()}` }];
  if (schema instanceof z.ZodPrefault) return listSettings(schema.unwrap(), path);
  if (schema instanceof z.ZodObject) {
    return Object.entries<z.core.$ZodType>(schema.shape).flatMap(([key, child]) => listSettings(child, [...path, key]));
  }
  throw new Error(`The setting ${path.join('.')} has no note; build it with one of the builders in setting.ts`);
}
