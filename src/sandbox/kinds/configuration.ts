import { at, child, isRecord, same } from '../resource.ts';
import type { Resource } from '../resource.ts';
import type { Faults } from '../validation/faults.ts';
import { validateSecretType } from '../validation/secret-types.ts';
import { age, field, nameColumn } from './columns.ts';
import type { Kind } from './kind.ts';

const SIZE_LIMIT = 1_048_576;

export const configMaps: Kind = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
  shortNames: ['cm'],
  type: 'io.k8s.api.core.v1.ConfigMap',
  validate(draft, faults, old) {
    validateKeys(draft, ['data', 'binaryData'], faults);
    if (old) validateImmutable(draft, old, ['data', 'binaryData'], faults);
  },
  columns: [nameColumn, { name: 'Data', cell: (object) => count(object.data) + count(object.binaryData) }, age],
};

export const secrets: Kind = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
  type: 'io.k8s.api.core.v1.Secret',
  fields: { type: (object) => String(object.type ?? '') },
  ownFieldRefusal: true,
  defaults(draft) {
    draft.type ??= 'Opaque';
    // What is written as text is stored encoded; stringData is never read back.
    for (const [key, value] of Object.entries(isRecord(draft.stringData) ? draft.stringData : {})) {
      child(draft, 'data')[key] = Buffer.from(String(value)).toString('base64');
    }
    delete draft.stringData;
  },
  validate(draft, faults, old) {
    validateKeys(draft, ['data'], faults);
    validateSecretType(draft, faults);
    if (!old) return;
    validateImmutable(draft, old, ['data'], faults);
    if (draft.type !== old.type) faults.invalid('type', draft.type, 'field is immutable');
  },
  columns: [nameColumn, field('Type', 'type'), { name: 'Data', cell: (object) => count(object.data) }, age],
};

function validateKeys(draft: Resource, fields: string[], faults: Faults): void {
  let size = 0;
  for (const name of fields) {
    for (const [key, value] of Object.entries(isRecord(draft[name]) ? draft[name] : {})) {
      if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key)) {
        faults.invalid(
          `${name}[${key}]`,
          key,
          "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        );
      }
      if (name === 'data' && at(draft, 'binaryData', key) !== undefined)
        faults.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData');
      size += Buffer.byteLength(String(value));
    }
  }
  if (size > SIZE_LIMIT) faults.tooLong(fields[0] ?? '', SIZE_LIMIT);
}

function validateImmutable(draft: Resource, old: Resource, fields: string[], faults: Faults): void {
  if (at(old, 'immutable') !== true) return;
  if (draft.immutable !== true) faults.forbidden('immutable', 'field is immutable when `immutable` is set');
  for (const name of fields)
    if (!same(draft[name], old[name])) faults.forbidden(name, 'field is immutable when `immutable` is set');
}

function count(value: unknown): number {
  return isRecord(value) ? Object.keys(value).length : 0;
}
