import { Document } from 'yaml';
import type { GivenValue } from './given-value.ts';
import { maskUrl } from './mask-url.ts';
import { settingList, type Setting } from './setting-list.ts';

/** The settings in force as YAML, secrets masked, each with where it came from as a comment. */
export function printSettings(given: ReadonlyMap<string, GivenValue>): string {
  const document = new Document({});
  for (const setting of settingList) {
    const source = given.get(setting.path.join('.'));
    const node = document.createNode(shown(setting, source ? source.value : setting.default), { flow: true });
    node.comment = ` ${source?.where ?? 'default'}`;
    document.setIn(['executor', ...setting.path], node);
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function shown(setting: Setting, value: unknown): unknown {
  if (value === undefined) return null;
  if (!setting.secret) return value;
  return setting.path.at(-1) === 'url' && typeof value === 'string' ? maskUrl(value) : '***';
}
