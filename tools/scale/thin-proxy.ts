import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { GRPC_STATUS, type GrpcCall, type GrpcChannel } from '@weft/core-grpc';
import { TYPE_URL } from '@weft/xds-server';

const TYPES = [TYPE_URL.cluster, TYPE_URL.endpoint, TYPE_URL.listener, TYPE_URL.route] as const;

/** Field numbers of DiscoveryRequest and DeltaDiscoveryRequest, and of their responses. */
const FIELDS = {
  sotw: { version: 1, node: 2, names: 3, typeUrl: 4, nonce: 5, responseType: 4, responseNonce: 5, responseVersion: 1 },
  delta: { version: 0, node: 1, names: 3, typeUrl: 2, nonce: 6, responseType: 4, responseNonce: 5, responseVersion: 1 },
} as const;

/** The names that a proxy asks for, encoded once for all proxies that ask for the same. */
export function encodeNames(names: readonly string[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const name of names) writer.tag(3, WireType.LengthDelimited).string(name);
  return writer.finish();
}

/** What a proxy asks for by name: `encodeNames` of each. */
export interface Subscriptions {
  readonly endpoints: Uint8Array;
  readonly routes: Uint8Array;
}

export interface ThinProxyOptions {
  readonly protocol: 'sotw' | 'delta';
  /** Its envoy.config.core.v3.Node, encoded. */
  readonly node: Uint8Array;
  readonly subscriptions: Subscriptions;
  /** It has everything. */
  readonly onReady: () => void;
}

/**
 * A proxy that subscribes and acknowledges as Envoy does and looks at nothing else, so that a thousand of them cost little and
 * what is measured is the server.
 */
export class ThinProxy {
  sentBytes = 0;
  receivedBytes = 0;
  private readonly options: ThinProxyOptions;
  private readonly call: GrpcCall;
  private readonly seen = new Set<string>();

  constructor(channel: GrpcChannel, options: ThinProxyOptions) {
    this.options = options;
    const method = options.protocol === 'sotw' ? 'StreamAggregatedResources' : 'DeltaAggregatedResources';
    this.call = channel.call(`/envoy.service.discovery.v3.AggregatedDiscoveryService/${method}`, {
      onMessage: (octets) => this.received(octets),
      onEnd: ({ code, message }) => {
        // A control plane that stops says so.
        if (code !== GRPC_STATUS.UNAVAILABLE) process.stderr.write(`a stream ended: ${String(code)} ${message}\n`);
      },
    });
    this.request(TYPE_URL.cluster, '', '', true);
  }

  private received(octets: Uint8Array): void {
    this.receivedBytes += octets.length + 5;
    const { responseType, responseNonce, responseVersion } = FIELDS[this.options.protocol];
    const texts = new Map<number, string>();
    const reader = new BinaryReader(octets);
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (field === responseType || field === responseNonce || field === responseVersion)
        texts.set(field, reader.string());
      else reader.skip(wireType, field);
    }
    const typeUrl = texts.get(responseType) ?? '';
    this.request(typeUrl, texts.get(responseNonce) ?? '', texts.get(responseVersion) ?? '', false);
    if (this.seen.has(typeUrl)) return;
    this.seen.add(typeUrl);
    const next = TYPES[TYPES.indexOf(typeUrl as (typeof TYPES)[number]) + 1];
    if (next === undefined) this.options.onReady();
    else this.request(next, '', '', true);
  }

  private request(typeUrl: string, nonce: string, version: string, first: boolean): void {
    const { protocol, node, subscriptions } = this.options;
    const fields = FIELDS[protocol];
    const writer = new BinaryWriter();
    const text = (field: number, value: string): void => {
      if (field > 0 && value !== '') writer.tag(field, WireType.LengthDelimited).string(value);
    };
    if (first && typeUrl === TYPE_URL.cluster) writer.tag(fields.node, WireType.LengthDelimited).bytes(node);
    text(fields.version, version);
    text(fields.typeUrl, typeUrl);
    text(fields.nonce, nonce);
    if (protocol === 'sotw' || first) {
      if (typeUrl === TYPE_URL.endpoint) writer.raw(subscriptions.endpoints);
      if (typeUrl === TYPE_URL.route) writer.raw(subscriptions.routes);
    }
    const message = writer.finish();
    this.sentBytes += message.length + 5;
    this.call.send(message);
  }
}
