import type { Message } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { Fault } from '@weft/api-envoy';
import { hash } from 'node:crypto';
import type { IncomingResource } from './incoming.ts';
import type { ReceivedResource } from './subscription.ts';

/** A resource whose octets were read. `faults` are those of its form and the API's rules, then those of its watchers. */
export interface Opened {
  readonly incoming: IncomingResource;
  readonly name: string;
  readonly digest: string;
  readonly message: Message;
  readonly faults: Fault[];
}

/** As a watcher sees it. */
export function received(opened: Opened, sink: { faults: Fault[]; warnings: Fault[] }): ReceivedResource {
  const { name, message, incoming } = opened;
  const octets = incoming.any?.value ?? new Uint8Array();
  return { name, version: incoming.version, message, octets, cx: incoming.place(name, sink) };
}

/** Tells octets apart: the same digest is the same resource. */
export function digestOf(any: Any): string {
  return hash('sha256', any.value, 'base64');
}
