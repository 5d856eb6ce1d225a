import { getExtension, hasExtension, ScalarType, toJson } from '@bufbuild/protobuf';
import type {
  DescEnum,
  DescExtension,
  DescField,
  DescMessage,
  JsonObject,
  JsonValue,
  Message,
} from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { fieldValue, isSet } from './message-fields.ts';
import { openAny, TYPED_STRUCTS } from './open-any.ts';
import { standsBelowValue, wrappedType } from './read-well-known.ts';
import { registry, typeNameOfUrl } from './registry.ts';

const REDACTED = '[redacted]';
const REDACTED_BYTES = Buffer.from(REDACTED).toString('base64');

/**
 * A message as Envoy's configuration dumps show it: proto names, Any opened and with its `@type` first, and what the API
 * marks as sensitive replaced by `[redacted]` (base64 of it for bytes; numbers and booleans are left out).
 */
export function configToJson(message: Message): JsonValue {
  const desc = registry().getMessage(message.$typeName);
  if (desc === undefined) throw new Error(`no message ${message.$typeName} in the API`);
  return messageJson(message, desc, false);
}

function messageJson(message: Message, desc: DescMessage, secret: boolean): JsonValue {
  if (desc.typeName === 'google.protobuf.Any') return anyJson(message as Any, secret);
  const wrapped = wrappedType(desc);
  if (wrapped !== undefined)
    return scalarJson((message as Message & { readonly value: unknown }).value, wrapped, secret) ?? null;
  if (standsBelowValue(desc)) {
    const json = toJson(desc, message);
    return secret ? redactedJson(json) : json;
  }
  return fieldsJson(message, desc, secret);
}

function fieldsJson(message: Message, desc: DescMessage, secret: boolean): JsonObject {
  const json: JsonObject = {};
  for (const field of desc.fields) {
    if (!isSet(message, field)) continue;
    const value = fieldJson(fieldValue(message, field), field, secret || isSensitive(field));
    if (value !== undefined) json[field.name] = value;
  }
  return json;
}

function fieldJson(value: unknown, field: DescField, secret: boolean): JsonValue | undefined {
  if (field.fieldKind === 'list') return (value as unknown[]).flatMap((item) => elementJson(item, field, secret) ?? []);
  if (field.fieldKind !== 'map') return elementJson(value, field, secret);
  const json: JsonObject = {};
  for (const [key, item] of Object.entries(value as object)) {
    const element = elementJson(item, field, secret);
    if (element !== undefined) json[key] = element;
  }
  return json;
}

function elementJson(value: unknown, field: DescField, secret: boolean): JsonValue | undefined {
  if (field.message !== undefined) {
    const desc = field.message;
    if (typeof value === 'object' && value !== null && '$typeName' in value)
      return messageJson(value as Message, desc, secret);
    // The library holds wrappers as their values, and Structs as JSON.
    const wrapped = wrappedType(desc);
    if (wrapped !== undefined) return scalarJson(value, wrapped, secret);
    return secret ? redactedJson(value as JsonValue) : (value as JsonValue);
  }
  if (field.enum !== undefined) return secret ? undefined : enumJson(value as number, field.enum);
  return field.scalar === undefined ? undefined : scalarJson(value, field.scalar, secret);
}

function enumJson(value: number, type: DescEnum): JsonValue {
  return type.typeName === 'google.protobuf.NullValue' ? null : (type.value[value]?.name ?? value);
}

function scalarJson(value: unknown, type: ScalarType, secret: boolean): JsonValue | undefined {
  if (type === ScalarType.STRING) return secret ? REDACTED : (value as string);
  if (type === ScalarType.BYTES) return secret ? REDACTED_BYTES : Buffer.from(value as Uint8Array).toString('base64');
  if (secret) return undefined;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value as number | boolean;
}

/** Text in a Struct goes, and so does everything else that could tell something. */
function redactedJson(value: JsonValue): JsonValue {
  if (typeof value === 'string') return REDACTED;
  if (Array.isArray(value)) return value.map(redactedJson);
  if (typeof value !== 'object' || value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactedJson(item)]));
}

function anyJson(any: Any, secret: boolean): JsonValue {
  if (any.typeUrl === '') return {};
  const opened = openAny(any);
  // A type that this API lacks cannot be told apart from a secret.
  if (opened.kind !== 'message') return { '@type': any.typeUrl };
  const { message, typeName } = opened;
  const desc = registry().getMessage(typeName) as DescMessage;
  const outer = typeNameOfUrl(any.typeUrl);
  if (TYPED_STRUCTS.has(outer) && !TYPED_STRUCTS.has(typeName)) {
    const type_url = `type.googleapis.com/${typeName}`;
    return { '@type': any.typeUrl, type_url, value: messageJson(message, desc, secret) };
  }
  if (standsBelowValue(desc)) return { '@type': any.typeUrl, value: messageJson(message, desc, secret) };
  return { '@type': any.typeUrl, ...fieldsJson(message, desc, secret) };
}

const sensitive = new WeakMap<DescField, boolean>();

function isSensitive(field: DescField): boolean {
  let marked = sensitive.get(field);
  if (marked === undefined) {
    const extension = registry().getExtension('udpa.annotations.sensitive') as DescExtension;
    const { options } = field.proto;
    marked = options !== undefined && hasExtension(options, extension) && getExtension(options, extension) === true;
    sensitive.set(field, marked);
  }
  return marked;
}
