import { create, fromBinary, toBinary, type DescMessage, type Message } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';

function schema(typeName: string): DescMessage {
  const desc = registry().getMessage(typeName);
  if (desc === undefined) throw new Error(`no message ${typeName} in the API`);
  return desc;
}

/** The octets of a message. `fields` as `create` takes them. */
export function encode(typeName: string, fields: object): Uint8Array {
  const desc = schema(typeName);
  return toBinary(desc, create(desc, fields as Record<string, unknown>));
}

/** Undefined for octets that are not this message. */
export function decode<T extends Message>(typeName: string, octets: Uint8Array): T | undefined {
  try {
    return fromBinary(schema(typeName), octets) as T;
  } catch {
    return undefined;
  }
}
