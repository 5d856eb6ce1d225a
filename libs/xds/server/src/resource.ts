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
  /** How long proxies keep it without hearing of it again, in milliseconds. Undefined: until it is removed. */
  readonly ttlMs: number | undefined;
  /** The version of the resource that this is what some proxies may have of; undefined: it is whole. */
  readonly partOf: string | undefined;
  private asResource: Uint8Array | undefined;

  constructor(typeUrl: string, name: string, { value, references, ttlMs, partOf }: ResourceContent) {
    this.typeUrl = typeUrl;
    this.name = name;
    this.references = references;
    this.ttlMs = ttlMs;
    this.partOf = partOf;
    const lives = ttlMs === undefined ? '' : `${String(ttlMs)}\0`;
    const digest = createHash('sha256').update(`${typeUrl}\0${name}\0${lives}`).update(value).digest();
    this.version = digest.toString('hex', 0, 8);
    this.hash = [digest.readUInt32BE(0), digest.readUInt32BE(4)];
    this.any = anyOctets(typeUrl, value);
  }

  /** An envoy.service.discovery.v3.Resource, encoded: how delta responses carry it. */
  get delta(): Uint8Array {
    this.asResource ??= resourceOctets(this, { version: this.version, any: this.any });
    return this.asResource;
  }

  /** The same in an Any: how state-of-the-world responses carry what has a TTL, to proxies that understand it. */
  get wrapped(): Uint8Array {
    return this.ttlMs === undefined ? this.any : anyOctets(RESOURCE_TYPE, this.delta);
  }

  /** A Resource without content, which prolongs its life. `version`: the one that the proxy has. */
  heartbeat(version: string): Uint8Array {
    return resourceOctets(this, { version, any: undefined });
  }

  /** The same in an Any. */
  wrappedHeartbeat(version: string): Uint8Array {
    return anyOctets(RESOURCE_TYPE, this.heartbeat(version));
  }
}

interface ResourceContent {
  readonly value: Uint8Array;
  readonly references: readonly Reference[];
  readonly ttlMs?: number | undefined;
  readonly partOf?: string | undefined;
}

const RESOURCE_TYPE = typeUrlOf('envoy.service.discovery.v3.Resource');

// The field numbers are those of discovery.proto.

function resourceOctets(
  { name, ttlMs }: Resource,
  { version, any }: { readonly version: string; readonly any: Uint8Array | undefined },
): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).string(version);
  if (any !== undefined) writer.tag(2, WireType.LengthDelimited).bytes(any);
  writer.tag(3, WireType.LengthDelimited).string(name);
  if (ttlMs !== undefined) {
    const seconds = Math.floor(ttlMs / 1000);
    const nanos = Math.round((ttlMs - seconds * 1000) * 1e6);
    writer.tag(6, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int64(seconds);
    writer.tag(2, WireType.Varint).int32(nanos).join();
  }
  return writer.finish();
}

function anyOctets(typeUrl: string, value: Uint8Array): Uint8Array {
  return new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string(typeUrl)
    .tag(2, WireType.LengthDelimited)
    .bytes(value)
    .finish();
}

export interface ResourceOptions {
  /** How long proxies keep it without hearing of it again, in milliseconds; streams see to it that they do. Default: for ever. */
  readonly ttlMs?: number;
  /** Default: the message's own. Virtual hosts have another: `<route configuration>/<host>`. */
  readonly name?: string;
  /** The version of the resource of which this is a part. Default: it is whole. */
  readonly partOf?: string;
}

/**
 * Encodes a message of Envoy's API. Its name is its `name` (`cluster_name` of a ClusterLoadAssignment).
 *
 * @throws Error for a message that the API does not know, and for one without a name: both are bugs of the caller
 */
export function encodeResource(message: Message, { ttlMs, name: given, partOf }: ResourceOptions = {}): Resource {
  const schema = registry().getMessage(message.$typeName);
  if (schema === undefined) throw new Error(`there is no message ${message.$typeName} in the API`);
  const named = message as { readonly name?: unknown; readonly clusterName?: unknown };
  const name = given ?? named.name ?? named.clusterName;
  if (typeof name !== 'string' || name === '') throw new Error(`a ${message.$typeName} without a name is no resource`);
  return new Resource(typeUrlOf(message.$typeName), name, {
    value: toBinary(schema, message),
    references: referencesOf(message),
    ttlMs,
    partOf,
  });
}
