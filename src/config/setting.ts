import * as z from 'zod';
import { formatDuration, parseDuration } from '../text/duration.ts';

/** What is known of one setting beside its schema: what the report of faults, `npm run config` and docs/settings.md show. */
export type SettingNote = {
  /** How a text from the environment becomes a value: lists are JSON there. */
  kind: 'text' | 'number' | 'flag' | 'list';
  about: string;
  /** The values allowed, in words. */
  allowed: string;
  /** As it would be written in the file; undefined where there is none. */
  default: unknown;
  /** Never shown: not in a fault, not in a print-out. */
  secret?: boolean;
};

/** The note of each setting's schema; filled by the builders below. */
export const settingNotes = z.registry<SettingNote>();

export function flag(options: { default: boolean; about: string }) {
  const { default: preset, about } = options;
  return z
    .boolean()
    .prefault(preset)
    .register(settingNotes, { kind: 'flag', about, allowed: 'true or false', default: preset });
}

export function wholeNumber(options: { default: number; min: number; max: number; about: string }) {
  const { default: preset, min, max, about } = options;
  const allowed = `a whole number from ${min} to ${max}`;
  return z
    .int()
    .min(min)
    .max(max)
    .prefault(preset)
    .register(settingNotes, { kind: 'number', about, allowed, default: preset });
}

/** A part of a whole. */
export function share(options: { default: number; about: string }) {
  const { default: preset, about } = options;
  return z
    .number()
    .min(0)
    .max(1)
    .prefault(preset)
    .register(settingNotes, { kind: 'number', about, allowed: 'a number from 0 to 1', default: preset });
}

/** A duration, in milliseconds once parsed. */
export function duration(options: { default: string; min: string; max: string; about: string }) {
  const { default: preset, min, max, about } = options;
  const minMs = parseDuration(min) ?? 0;
  const maxMs = parseDuration(max) ?? 0;
  const allowed = `a duration such as 30s, 5m, 1h30m or 90d, from ${min} to ${max}`;
  return z
    .string()
    .transform((text, context) => {
      const ms = parseDuration(text);
      if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
      const problem = ms === undefined ? 'is not a duration' : `is out of range (${formatDuration(ms)})`;
      context.addIssue({ code: 'custom', message: problem });
      return z.NEVER;
    })
    .prefault(preset)
    .register(settingNotes, { kind: 'text', about, allowed, default: preset });
}

/** Durations, one at least; in milliseconds once parsed. */
export function durations(options: { default: string[]; min: string; max: string; about: string }) {
  const { default: preset, min, max, about } = options;
  const [first = min] = preset;
  return z
    .array(duration({ default: first, min, max, about }))
    .min(1)
    .max(100)
    .prefault(preset)
    .register(settingNotes, {
      kind: 'list',
      about,
      allowed: `a list of durations such as 30s or 1h30m, from ${min} to ${max}`,
      default: preset,
    });
}

export function choice<const T extends readonly [string, ...string[]]>(options: {
  of: T;
  default: T[number];
  about: string;
}) {
  const { of, default: preset, about } = options;
  return z
    .enum(of)
    .prefault(preset)
    .register(settingNotes, { kind: 'text', about, allowed: of.join(' or '), default: preset });
}

/** A text that may be left out. */
export function optionalText(options: { about: string; allowed: string; pattern: RegExp; secret?: boolean }) {
  const { about, allowed, pattern, secret } = options;
  return z
    .string()
    .max(4096)
    .regex(pattern, { error: 'has not the right form' })
    .optional()
    .register(settingNotes, { kind: 'text', about, allowed, default: undefined, ...(secret ? { secret } : {}) });
}

export function text(options: { default: string; about: string; allowed: string; pattern: RegExp }) {
  const { default: preset, about, allowed, pattern } = options;
  return z
    .string()
    .max(4096)
    .regex(pattern, { error: 'has not the right form' })
    .prefault(preset)
    .register(settingNotes, { kind: 'text', about, allowed, default: preset });
}

export function listOf(options: { pattern: RegExp; default: string[]; about: string; allowed: string }) {
  const { pattern, default: preset, about, allowed } = options;
  return z
    .array(z.string().max(317).regex(pattern, { error: 'has not the right form' }))
    .max(1000)
    .prefault(preset)
    .register(settingNotes, { kind: 'list', about, allowed, default: preset });
}

/** Entries that belong together, each an object of that schema. */
export function listOfEntries<Entry extends z.ZodType>(options: { entry: Entry; about: string; allowed: string }) {
  const { entry, about, allowed } = options;
  return z.array(entry).max(1000).prefault([]).register(settingNotes, { kind: 'list', about, allowed, default: [] });
}

/** A list of maps; each has these keys and no others. */
export function listOfMaps<T extends z.ZodRawShape>(options: {
  keys: T;
  about: string;
  allowed: string;
  secret?: boolean;
}) {
  const { keys, about, allowed, secret } = options;
  return z
    .array(z.strictObject(keys))
    .max(1000)
    .prefault([])
    .register(settingNotes, { kind: 'list', about, allowed, default: [], ...(secret ? { secret } : {}) });
}
