import type { Setting } from './setting-list.ts';

/** A value that the file or the environment gives for a setting, before it is checked. */
export type GivenValue = {
  setting: Setting;
  value: unknown;
  /** The file with its line, or the variable. */
  where: string;
  from: 'file' | 'environment';
};

/**
 * The value that a text from the environment stands for. What can't be converted stays a text, and the schema
 * says what is wrong with it.
 */
export function fromText(setting: Setting, text: string): unknown {
  if (setting.kind === 'number' && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (setting.kind === 'flag' && (text === 'true' || text === 'false')) return text === 'true';
  if (setting.kind === 'list') return fromJson(text);
  return text;
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
