import { clone, create, toBinary, type Message, type MessageInitShape } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import type { Any, Duration } from '@bufbuild/protobuf/wkt';
import { registry } from '@weft/api-envoy';
import { durationMs } from '@weft/api-kube';

/** What a message is made of: its fields, and those of messages in it likewise; never the message itself. */
export type Init<T extends Message> = Exclude<MessageInitShape<GenMessage<T>>, T>;

/** A message of Envoy's API by its name. Throws on a name that the API does not have, which is a bug. */
export function make<T extends Message>(typeName: T['$typeName'], init: Init<T>): T {
  const desc = registry().getMessage(typeName);
  if (desc === undefined) throw new Error(`Envoy's API has no message ${typeName}`);
  return create(desc, init as MessageInitShape<typeof desc>) as T;
}

/** A copy of a message, to be changed before anybody else sees it. */
export function copyOf<T extends Message>(message: T): { -readonly [field in keyof T]: T[field] } {
  const desc = registry().getMessage(message.$typeName);
  if (desc === undefined) throw new Error(`Envoy's API has no message ${message.$typeName}`);
  return clone(desc, message) as T;
}

/** The same, packed. */
export function pack<T extends Message>(typeName: T['$typeName'], init: Init<T>): Init<Any> {
  return packed(make<T>(typeName, init));
}

/** In place of a message that cannot be written; its octets say why. The guard finds it, and no proxy ever sees it. */
export const UNWRITABLE = 'weft/unwritable';

/** What no field can hold (a negative number in an unsigned one) is a fault of this message, and not the end of a translation. */
export function packed(message: Message): Init<Any> {
  const desc = registry().getMessage(message.$typeName);
  if (desc === undefined) throw new Error(`Envoy's API has no message ${message.$typeName}`);
  try {
    return { typeUrl: `type.googleapis.com/${message.$typeName}`, value: toBinary(desc, message) };
  } catch (error) {
    return { typeUrl: UNWRITABLE, value: Buffer.from((error as Error).message) };
  }
}

/** Far beyond what a duration may be, and well inside of what its field holds. */
const MOST_SECONDS = 1e15;

export function duration(ms: number): Init<Duration> {
  const seconds = Math.min(Math.floor(ms / 1000), MOST_SECONDS);
  if (seconds === MOST_SECONDS) return { seconds: BigInt(seconds), nanos: 0 };
  return { seconds: BigInt(seconds), nanos: Math.min(Math.round((ms - seconds * 1000) * 1e6), 999_999_999) };
}

/** A duration as Istio writes it, as a message; undefined where there is none. */
export function durationOf(text: string | undefined): Init<Duration> | undefined {
  const ms = durationMs(text);
  return ms === undefined ? undefined : duration(ms);
}
