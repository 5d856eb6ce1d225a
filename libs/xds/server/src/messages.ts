import { create, fromBinary, toBinary, type Message } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';

/** A message of the type, or undefined when the octets are none. */
export function readMessage<T extends Message>(typeName: T['$typeName'], octets: Uint8Array): T | undefined {
  try {
    return fromBinary(schemaOf(typeName), octets) as unknown as T;
  } catch {
    return undefined;
  }
}

export function writeMessage(message: Message): Uint8Array {
  return toBinary(schemaOf(message.$typeName), message);
}

export function makeMessage<T extends Message>(typeName: T['$typeName'], fields: object): T {
  return create(schemaOf(typeName), fields as never) as unknown as T;
}

function schemaOf(typeName: string): NonNullable<ReturnType<ReturnType<typeof registry>['getMessage']>> {
  const schema = registry().getMessage(typeName);
  if (schema === undefined) throw new Error(`the API has no message ${typeName}`);
  return schema;
}
