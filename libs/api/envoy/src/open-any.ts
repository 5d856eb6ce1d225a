import { anyUnpack, type Any } from '@bufbuild/protobuf/wkt';
import type { JsonObject, JsonValue, Message } from '@bufbuild/protobuf';
import { nodeOf, type FaultHint } from '@weft/core-config-text';
import { messageOfJson, packedIn } from './message-of-json.ts';
import { ConfigReader } from './read-config.ts';
import { registry, typeNameOfUrl } from './registry.ts';

/** What an Any holds. `typeName` is the name of its type, known or not. */
export type OpenedAny =
  | { readonly kind: 'message'; readonly typeName: string; readonly message: Message }
  | { readonly kind: 'unknown'; readonly typeName: string }
  | { readonly kind: 'broken'; readonly typeName: string; readonly reasons: readonly Reason[] };

/** Why a message cannot be read; `path` is below the Any and starts with `.` or `[`, or is empty. */
export interface Reason extends FaultHint {
  readonly path: string;
  readonly message: string;
}

/** Both of them, with the same fields. */
export const TYPED_STRUCTS: ReadonlySet<string> = new Set(['udpa.type.v1.TypedStruct', 'xds.type.v3.TypedStruct']);

/** The message in an Any. A TypedStruct stands for the message that it names, if that is one of the API. */
export function openAny(any: Any): OpenedAny {
  const typeName = typeNameOfUrl(any.typeUrl);
  const schema = registry().getMessage(typeName);
  if (schema === undefined) return { kind: 'unknown', typeName };
  try {
    const message = packedIn(any) ?? anyUnpack(any, schema);
    if (message === undefined) return { kind: 'unknown', typeName };
    return TYPED_STRUCTS.has(typeName) ? openTypedStruct(message) : { kind: 'message', typeName, message };
  } catch (error) {
    return {
      kind: 'broken',
      typeName,
      reasons: [{ path: '', message: `cannot be read: ${(error as Error).message}` }],
    };
  }
}

function openTypedStruct(struct: Message): OpenedAny {
  const { typeUrl, value } = struct as Message & { readonly typeUrl: string; readonly value?: JsonObject };
  const typeName = typeNameOfUrl(typeUrl);
  const schema = registry().getMessage(typeName);
  if (schema === undefined) return { kind: 'message', typeName: struct.$typeName, message: struct };
  const reasons: Reason[] = [];
  const fault = (path: string, _offset: number, message: string, hint: FaultHint = {}): void => {
    reasons.push({ path, message, ...hint });
  };
  const json = new ConfigReader({ fault, warn: () => undefined }).message(nodeOf(value ?? {}, 0), schema, '.value');
  if (reasons.length > 0) return { kind: 'broken', typeName, reasons };
  const message = messageOfJson(schema, json as JsonValue);
  return { kind: 'message', typeName, message };
}
