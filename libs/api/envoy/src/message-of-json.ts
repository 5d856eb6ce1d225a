import {
  create,
  fromJson,
  ScalarType,
  toBinary,
  type DescEnum,
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  type Message,
} from '@bufbuild/protobuf';
import { AnySchema, type Any } from '@bufbuild/protobuf/wkt';
import { MAX_DEPTH } from './read-config.ts';
import { standsBelowValue, wrappedType } from './read-well-known.ts';
import { registry, typeNameOfUrl } from './registry.ts';

type Fields = Record<string, unknown>;

/**
 * A message of the JSON that `ConfigReader` makes: proto names, no nulls but those of google.protobuf.Value. The library's
 * `fromJson` reads the same, but has to know every type that the message could ever hold before it reads the first; this
 * looks into those alone that the JSON has. Throws where the JSON does not fit.
 */
export function messageOfJson(desc: DescMessage, json: JsonValue): Message {
  if (desc.typeName === 'google.protobuf.Any') return anyOf(json as JsonObject);
  if (standsBelowValue(desc)) return fromJson(desc, json, { registry: registry(), recursionLimit: 2 * MAX_DEPTH });
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new Error(`cannot read ${desc.typeName} from ${JSON.stringify(json)}`);
  const message = create(desc);
  for (const [name, value] of Object.entries(json)) {
    const field = fieldsByName(desc).get(name);
    if (field === undefined) throw new Error(`${desc.typeName} has no field "${name}"`);
    setField(message as unknown as Fields, field, value);
  }
  return message;
}

function setField(message: Fields, field: DescField, json: JsonValue): void {
  const value = fieldOf(field, json);
  if (field.oneof === undefined) message[field.localName] = value;
  else message[field.oneof.localName] = { case: field.localName, value };
}

function fieldOf(field: DescField, json: JsonValue): unknown {
  if (field.fieldKind === 'list') return (json as JsonValue[]).map((item) => elementOf(field, item));
  if (field.fieldKind === 'map') {
    const entries = Object.entries(json as JsonObject);
    return Object.fromEntries(entries.map(([key, item]) => [key, elementOf(field, item)]));
  }
  // As the library holds wrappers: outside of lists and oneofs as what is in them.
  const wrapped = field.message && field.oneof === undefined ? wrappedType(field.message) : undefined;
  return wrapped === undefined ? elementOf(field, json) : scalarOf(wrapped, json);
}

function elementOf(field: DescField, json: JsonValue): unknown {
  if (field.message !== undefined) {
    // As the library holds Structs.
    const isStruct = field.message.typeName === 'google.protobuf.Struct';
    return isStruct && field.parent.typeName !== 'google.protobuf.Value' ? json : messageOfJson(field.message, json);
  }
  return field.enum === undefined ? scalarOf(field.scalar as ScalarType, json) : numberOf(field.enum, json);
}

function anyOf(json: JsonObject): Message {
  const { '@type': typeUrl, ...rest } = json;
  if (typeUrl === undefined) return create(AnySchema);
  const desc = registry().getMessage(typeNameOfUrl(String(typeUrl)));
  if (desc === undefined) throw new Error(`no message ${String(typeUrl)} in the API`);
  const message = messageOfJson(desc, standsBelowValue(desc) ? (rest['value'] as JsonValue) : rest);
  const any = create(AnySchema, { typeUrl: String(typeUrl) });
  let encoded: Uint8Array | undefined;
  const value = (): Uint8Array => (encoded ??= toBinary(desc, message));
  // Another message that is merged into this one writes its own octets.
  const replace = (octets: Uint8Array): void => {
    packed.delete(any);
    Object.defineProperty(any, 'value', { value: octets, writable: true });
  };
  Object.defineProperty(any, 'value', { get: value, set: replace, enumerable: true, configurable: true });
  packed.set(any, message);
  return any;
}

/** What configuration packs is unpacked by its decoder, and needs its octets in between for nothing but a dump. */
const packed = new WeakMap<Message, Message>();

/** The message that `messageOfJson` put into an Any; undefined for one that came encoded. */
export function packedIn(any: Any): Message | undefined {
  const message = packed.get(any);
  return message?.$typeName === typeNameOfUrl(any.typeUrl) ? message : undefined;
}

function numberOf(type: DescEnum, json: JsonValue): number {
  if (type.typeName === 'google.protobuf.NullValue') return 0;
  if (typeof json === 'number') return json;
  const value = type.values.find(({ name }) => name === json);
  if (value === undefined) throw new Error(`${type.typeName} has no value ${JSON.stringify(json)}`);
  return value.number;
}

const WRAPPER_OF: Readonly<Partial<Record<ScalarType, string>>> = {
  [ScalarType.BYTES]: 'Bytes',
  [ScalarType.FLOAT]: 'Float',
  [ScalarType.DOUBLE]: 'Double',
  [ScalarType.INT64]: 'Int64',
  [ScalarType.SINT64]: 'Int64',
  [ScalarType.SFIXED64]: 'Int64',
  [ScalarType.UINT64]: 'UInt64',
  [ScalarType.FIXED64]: 'UInt64',
  [ScalarType.INT32]: 'Int32',
  [ScalarType.SINT32]: 'Int32',
  [ScalarType.SFIXED32]: 'Int32',
  [ScalarType.UINT32]: 'UInt32',
  [ScalarType.FIXED32]: 'UInt32',
};

/** A number's many spellings are the library's to read: as the wrapper of that type. */
function scalarOf(type: ScalarType, json: JsonValue): unknown {
  if (typeof json === 'string' && type === ScalarType.STRING) return json;
  if (typeof json === 'boolean' && type === ScalarType.BOOL) return json;
  const wrapper = WRAPPER_OF[type];
  const desc = wrapper === undefined ? undefined : registry().getMessage(`google.protobuf.${wrapper}Value`);
  if (desc === undefined) throw new Error(`${JSON.stringify(json)} is no ${ScalarType[type].toLowerCase()}`);
  return (fromJson(desc, json) as unknown as { readonly value: unknown }).value;
}

const byName = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

function fieldsByName(desc: DescMessage): ReadonlyMap<string, DescField> {
  let fields = byName.get(desc);
  if (fields === undefined) {
    fields = new Map(desc.fields.map((field) => [field.name, field]));
    byName.set(desc, fields);
  }
  return fields;
}
