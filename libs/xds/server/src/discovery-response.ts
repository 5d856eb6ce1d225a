import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Resource } from './resource.ts';

export interface DiscoveryAnswer {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly version: string;
  readonly resources: readonly Resource[];
  /** Delta only. */
  readonly removed: readonly string[];
  /** Who answers, for `control_plane.identifier`. */
  readonly identifier: string;
}

// Both are put together from the resources' own octets; the field numbers are those of discovery.proto.

/** envoy.service.discovery.v3.DiscoveryResponse */
export function encodeSotwResponse({ typeUrl, nonce, version, resources, identifier }: DiscoveryAnswer): Uint8Array {
  const writer = new BinaryWriter();
  text(writer, 1, version);
  for (const { any } of resources) writer.tag(2, WireType.LengthDelimited).bytes(any);
  text(writer, 4, typeUrl);
  text(writer, 5, nonce);
  controlPlane(writer, 6, identifier);
  return writer.finish();
}

/** envoy.service.discovery.v3.DeltaDiscoveryResponse */
export function encodeDeltaResponse(answer: DiscoveryAnswer): Uint8Array {
  const writer = new BinaryWriter();
  text(writer, 1, answer.version);
  for (const { delta } of answer.resources) writer.tag(2, WireType.LengthDelimited).bytes(delta);
  text(writer, 4, answer.typeUrl);
  text(writer, 5, answer.nonce);
  for (const name of answer.removed) text(writer, 6, name);
  controlPlane(writer, 7, answer.identifier);
  return writer.finish();
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function controlPlane(writer: BinaryWriter, field: number, identifier: string): void {
  writer.tag(field, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).string(identifier).join();
}
