import { as, isRecord } from '../resource.ts';
import { definitionOf, resolved } from './definition.ts';
import numbers from './field-numbers.json' with { type: 'json' };

type Fields = Record<string, [name: string, type: string]>;

const messages = as<Record<string, Fields | undefined>>(numbers);
const MAGIC = 'k8s\0';
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
const RAW = ['io.k8s.apimachinery.pkg.runtime.RawExtension', `${META}.FieldsV1`];

/**
 * Reads an object in Kubernetes' protobuf, which kubectl sends for the built-in kinds, as the JSON that says the same.
 * Answers are always JSON: every client accepts it. Throws where the bytes are not of that form.
 */
export function fromProtobuf(body: Uint8Array): Record<string, unknown> {
  if (Buffer.from(body.subarray(0, 4)).toString('latin1') !== MAGIC)
    throw new Error('the body does not start as Kubernetes protobuf does');
  const envelope = [...wire(body.subarray(4))];
  const part = (number: number): Uint8Array | undefined => envelope.find((field) => field.number === number)?.bytes;
  const [apiVersion = '', kind = ''] = [1, 2].map((number) =>
    text([...wire(part(1) ?? new Uint8Array())].find((field) => field.number === number)?.bytes),
  );
  return { apiVersion, kind, ...readMessage(part(2) ?? new Uint8Array(), typeOf(apiVersion, kind)) };
}

function typeOf(apiVersion: string, kind: string): string {
  const version = apiVersion.split('/').at(-1) ?? '';
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0]?.split('.')[0] ?? '') : 'core';
  const names = [`io.k8s.api.${group}.${version}.${kind}`, `${META}.${kind}`];
  const found = names.find((name) => messages[name]);
  if (!found) throw new Error(`no protobuf form of ${apiVersion} ${kind} is known here; send JSON`);
  return found;
}

function readMessage(bytes: Uint8Array, type: string): Record<string, unknown> {
  const fields = messages[type] ?? {};
  const properties = known(type);
  const result: Record<string, unknown> = {};
  for (const field of wire(bytes)) {
    const [name, fieldType] = fields[field.number] ?? [];
    if (name === undefined || fieldType === undefined) continue;
    if (fieldType.startsWith('map:')) readEntry(result, name, field.bytes, fieldType.slice(4));
    else {
      const value = readValue(field, fieldType);
      const isList = resolved(properties?.[name])?.type === 'array';
      // A struct that Go embeds is a message here; in JSON its fields stand in the one around it.
      if (properties && !properties[name] && isRecord(value)) Object.assign(result, value);
      else if (isList) result[name] = [...(Array.isArray(result[name]) ? result[name] : []), value];
      else if (!isUnset(value)) result[name] = value;
    }
  }
  return result;
}

function known(type: string): NonNullable<ReturnType<typeof definitionOf>['properties']> | undefined {
  try {
    return definitionOf(type).properties;
  } catch {
    // Embedded structs have no definition of their own.
    return undefined;
  }
}

/** Go writes every field that is not a pointer; what is empty is not there in JSON. */
function isUnset(value: unknown): boolean {
  return value === '' || value === undefined || value === null;
}

function readEntry(result: Record<string, unknown>, name: string, bytes: Uint8Array, type: string): void {
  const parts = [...wire(bytes)];
  const key = text(parts.find((part) => part.number === 1)?.bytes);
  const value = parts.find((part) => part.number === 2);
  const held = isRecord(result[name]) ? result[name] : {};
  result[name] = { ...held, [key]: value ? readValue(value, type) : '' };
}

interface WireField {
  number: number;
  varint: bigint;
  bytes: Uint8Array;
}

function readValue(field: WireField, type: string): unknown {
  switch (type) {
    case 'string':
      return text(field.bytes);
    case 'bytes':
      return Buffer.from(field.bytes).toString('base64');
    case 'bool':
      return field.varint !== 0n;
    case 'int32':
    case 'int64':
      return Number(BigInt.asIntN(64, field.varint));
    case 'double':
      return new DataView(field.bytes.buffer, field.bytes.byteOffset).getFloat64(0, true);
    case `${META}.Time`:
    case `${META}.MicroTime`:
      return readTime(field.bytes, type.endsWith('MicroTime'));
    case QUANTITY:
      return text([...wire(field.bytes)].find((part) => part.number === 1)?.bytes);
    case INT_OR_STRING:
      return readIntOrString(field.bytes);
    default:
      return RAW.includes(type) ? readRaw(field.bytes) : readMessage(field.bytes, type);
  }
}

function readTime(bytes: Uint8Array, micro: boolean): string | undefined {
  const parts = [...wire(bytes)];
  const number = (wanted: number): number =>
    Number(BigInt.asIntN(64, parts.find((part) => part.number === wanted)?.varint ?? 0n));
  // Go's zero time is no time.
  if (parts.length === 0 || number(1) <= 0) return undefined;
  const seconds = new Date(number(1) * 1000).toISOString().slice(0, 19);
  return micro ? `${seconds}.${String(Math.floor(number(2) / 1000)).padStart(6, '0')}Z` : `${seconds}Z`;
}

function readIntOrString(bytes: Uint8Array): unknown {
  const parts = [...wire(bytes)];
  const isText = parts.find((part) => part.number === 1)?.varint === 1n;
  return isText
    ? text(parts.find((part) => part.number === 3)?.bytes)
    : Number(BigInt.asIntN(64, parts.find((part) => part.number === 2)?.varint ?? 0n));
}

function readRaw(bytes: Uint8Array): unknown {
  const raw = [...wire(bytes)].find((part) => part.number === 1)?.bytes;
  return raw && raw.length > 0 ? JSON.parse(text(raw)) : undefined;
}

function text(bytes: Uint8Array | undefined): string {
  return bytes ? Buffer.from(bytes).toString('utf8') : '';
}

const NOTHING = new Uint8Array();

/** The fields of one message as they stand on the wire. */
function* wire(bytes: Uint8Array): Generator<WireField> {
  let position = 0;
  while (position < bytes.length) {
    const tag = Number(varint());
    const [number, form] = [tag >> 3, tag & 7];
    if (form === 0) yield { number, varint: varint(), bytes: NOTHING };
    else if (form === 2) yield { number, varint: 0n, bytes: take(Number(varint())) };
    else if (form === 1) yield { number, varint: 0n, bytes: take(8) };
    else if (form === 5) yield { number, varint: 0n, bytes: take(4) };
    else throw new Error(`protobuf wire type ${form} is not read`);
  }

  function varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[position];
      if (byte === undefined) throw new Error('the protobuf body ends early');
      position += 1;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new Error('a protobuf number is too long');
  }

  function take(length: number): Uint8Array {
    if (position + length > bytes.length) throw new Error('the protobuf body ends early');
    const part = bytes.subarray(position, position + length);
    position += length;
    return part;
  }
}
