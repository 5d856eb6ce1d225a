import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Portion, ResourceForm } from './portion.ts';
import type { Resource } from './resource.ts';

export interface DiscoveryAnswer {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly version: string;
  readonly portions: readonly Portion[];
  /** Resources that only live on. */
  readonly heartbeats?: readonly Resource[];
  /** Delta only. */
  readonly removed: readonly string[];
  /** Delta only: there are none of these, told by resources without content. */
  readonly absent?: readonly string[];
  /** Who answers, for `control_plane.identifier`. */
  readonly identifier: string;
}

// Both are put together from the resources' own octets, and given in the pieces that they are made of, since a thousand proxies
// share the large ones. The field numbers are those of discovery.proto.

/** envoy.service.discovery.v3.DiscoveryResponse */
export function encodeSotwResponse(answer: DiscoveryAnswer): Uint8Array[] {
  return sotwResponse(answer, asAny);
}

/** The same for proxies that understand resources in wrappers, with a TTL (`xds.config.resource-in-sotw`). */
export function encodeWrappedSotwResponse(answer: DiscoveryAnswer): Uint8Array[] {
  return sotwResponse(answer, asWrapped);
}

function sotwResponse(answer: DiscoveryAnswer, form: ResourceForm): Uint8Array[] {
  const { typeUrl, nonce, version, portions, heartbeats = [], identifier } = answer;
  const end = new BinaryWriter();
  // In state of the world what a proxy has of a type has one version.
  for (const resource of heartbeats) end.tag(2, WireType.LengthDelimited).bytes(resource.wrappedHeartbeat(version));
  text(end, 4, typeUrl);
  text(end, 5, nonce);
  controlPlane(end, 6, identifier);
  return [start(version), ...bodies(portions, form), end.finish()];
}

/** envoy.service.discovery.v3.DeltaDiscoveryResponse */
export function encodeDeltaResponse(answer: DiscoveryAnswer): Uint8Array[] {
  const end = new BinaryWriter();
  for (const resource of answer.heartbeats ?? [])
    end.tag(2, WireType.LengthDelimited).bytes(resource.heartbeat(resource.version));
  for (const name of answer.absent ?? []) {
    end.tag(2, WireType.LengthDelimited).fork();
    text(end, 3, name);
    // Envoy refuses what is empty and has no alias.
    text(end, 4, name);
    end.join();
  }
  text(end, 4, answer.typeUrl);
  text(end, 5, answer.nonce);
  for (const name of answer.removed) text(end, 6, name);
  controlPlane(end, 7, answer.identifier);
  return [start(answer.version), ...bodies(answer.portions, asDelta), end.finish()];
}

/** `version_info` or `system_version_info`. */
function start(version: string): Uint8Array {
  const writer = new BinaryWriter();
  text(writer, 1, version);
  return writer.finish();
}

const asAny: ResourceForm = (resources) => joined(resources, (resource) => resource.any);
const asWrapped: ResourceForm = (resources) => joined(resources, (resource) => resource.wrapped);
const asDelta: ResourceForm = (resources) => joined(resources, (resource) => resource.delta);

function bodies(portions: readonly Portion[], form: ResourceForm): Uint8Array[] {
  return portions.flatMap(({ shared, own }) => [
    ...(shared === undefined ? [] : [shared.encoded(form)]),
    ...(own.length === 0 ? [] : [form(own)]),
  ]);
}

/** Field 2, length-delimited. */
const RESOURCE_TAG = 0x12;

/** Thousands of resources are copied once, into octets whose number is known before. */
function joined(resources: readonly Resource[], octetsOf: (resource: Resource) => Uint8Array): Uint8Array {
  let size = 0;
  for (const resource of resources) {
    const { length } = octetsOf(resource);
    size += 1 + varintSize(length) + length;
  }
  const octets = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const resource of resources) {
    const own = octetsOf(resource);
    octets[at] = RESOURCE_TAG;
    at += 1;
    let left = own.length;
    for (; left > 0x7f; left >>>= 7) octets[at++] = (left & 0x7f) | 0x80;
    octets[at++] = left;
    octets.set(own, at);
    at += own.length;
  }
  return octets;
}

function varintSize(value: number): number {
  let size = 1;
  for (let left = value; left > 0x7f; left >>>= 7) size += 1;
  return size;
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function controlPlane(writer: BinaryWriter, field: number, identifier: string): void {
  writer.tag(field, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).string(identifier).join();
}
