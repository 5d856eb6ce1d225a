import { toBinary, type Message } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { registry } from '@weft/api-envoy';
import { createHash } from 'node:crypto';
import { referencesOf, type Reference } from './references.ts';
import type { Versioned } from './resource-map.ts';
import { typeUrlOf } from './type-urls.ts';

/**
 * One resource, encoded once and sent in these octets to every proxy that gets it. Its version is a hash of its content, so that
 * a control plane that restarts gives the same versions.
 */
export class Resource implements Versioned {
  readonly typeUrl: string;
  readonly name: string;
  readonly version: string;
  readonly hash: readonly [high: number, low: number];
  /** A google.protobuf.Any, encoded: how state-of-the-world responses carry it. */
  readonly any: Uint8Array;
  /** The resources that this one names. */
  readonly references: readonly Reference[];
  private wrapped: Uint8Array | undefined;

  constructor(
    typeUrl: string,
    name: string,
    { value, references }: { value: Uint8Array; references: readonly Reference[] },
  ) {
    this.typeUrl = typeUrl;
    this.name = name;
    this.references = references;
    const digest = createHash('sha256').update(`${typeUrl}\0${name}\0`).update(value).digest();
    this.version = digest.toString('hex', 0, 8);
    this.hash = [digest.readUInt32BE(0), digest.readUInt32BE(4)];
    this.any = new BinaryWriter()
      .tag(1, WireType.LengthDelimited)
      .string(typeUrl)
      .tag(2, WireType.LengthDelimited)
      .bytes(value)
      .finish();
  }

  /** An envoy.service.discovery.v3.Resource, encoded: how delta responses carry it. */
  get delta(): Uint8Array {
    this.wrapped ??= new BinaryWriter()
      .tag(1, WireType.LengthDelimited)
      .string(this.version)
      .tag(2, WireType.LengthDelimited)
      .bytes(this.any)
      .tag(3, WireType.LengthDelimited)
      .string(this.name)
      .finish();
    return this.wrapped;
  }
}

/**
 * Encodes a message of Envoy's API. Its name is its `name` (`cluster_name` of a ClusterLoadAssignment).
 *
 * @throws Error for a message that the API does not know, and for one without a name: both are bugs of the caller
 */
export function encodeResource(message: Message): Resource {
  const schema = registry().getMessage(message.$typeName);
  if (schema === undefined) throw new Error(`there is no message ${message.$typeName} in the API`);
  const named = message as { readonly name?: unknown; readonly clusterName?: unknown };
  const name = named.name ?? named.clusterName;
  if (typeof name !== 'string' || name === '') throw new Error(`a ${message.$typeName} without a name is no resource`);
  return new Resource(typeUrlOf(message.$typeName), name, {
    value: toBinary(schema, message),
    references: referencesOf(message),
  });
}
