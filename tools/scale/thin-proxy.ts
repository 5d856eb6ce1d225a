import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { GRPC_STATUS } from '@weft/core-grpc';
import { TYPE_URL } from '@weft/xds-server';
import type { PiecesCall, PiecesChannel, PiecesReceiver } from './pieces.ts';

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
  private readonly call: PiecesCall;
  private readonly seen = new Set<string>();

  constructor(channel: PiecesChannel, options: ThinProxyOptions) {
    this.options = options;
    const method = options.protocol === 'sotw' ? 'StreamAggregatedResources' : 'DeltaAggregatedResources';
    const receiver: PiecesReceiver = {
      onMessage: (octets) => this.received([octets]),
      onPieces: (pieces) => this.received(pieces),
      onEnd: ({ code, message }) => {
        // A control plane that stops says so.
        if (code !== GRPC_STATUS.UNAVAILABLE) process.stderr.write(`a stream ended: ${String(code)} ${message}\n`);
      },
    };
    this.call = channel.call(`/envoy.service.discovery.v3.AggregatedDiscoveryService/${method}`, receiver);
    this.request(TYPE_URL.cluster, {});
  }

  /** Each piece is whole fields. */
  private received(pieces: readonly Uint8Array[]): void {
    const { responseType, responseNonce, responseVersion } = FIELDS[this.options.protocol];
    const texts = new Map<number, string>();
    this.receivedBytes += 5;
    for (const octets of pieces) {
      this.receivedBytes += octets.length;
      const reader = new BinaryReader(octets);
      while (reader.pos < reader.len) {
        const [field, wireType] = reader.tag();
        // Resources stand together: in a piece of its own there is nothing else.
        if (field === RESOURCES && pieces.length > 1) break;
        if (field === responseType || field === responseNonce || field === responseVersion)
          texts.set(field, reader.string());
        else reader.skip(wireType, field);
      }
    }
    const typeUrl = texts.get(responseType) ?? '';
    this.request(typeUrl, { nonce: texts.get(responseNonce) ?? '', version: texts.get(responseVersion) ?? '' });
    if (typeUrl === TYPE_URL.cluster) this.askForEndpoints(pieces);
    if (this.seen.has(typeUrl)) return;
    this.seen.add(typeUrl);
    if (typeUrl === TYPE_URL.endpoint) this.request(TYPE_URL.listener, {});
    else if (typeUrl === TYPE_URL.listener) this.request(TYPE_URL.route, { names: this.options.subscriptions.routes });
    else if (typeUrl === TYPE_URL.route) this.options.onReady();
  }

  /** With delta those of the clusters that came, which may be a part of all; in state of the world all came. */
  private askForEndpoints(pieces: readonly Uint8Array[]): void {
    const isFirst = !this.seen.has(TYPE_URL.cluster);
    const { protocol, subscriptions } = this.options;
    if (protocol === 'sotw' && isFirst) this.request(TYPE_URL.endpoint, { names: subscriptions.endpoints });
    if (protocol === 'sotw' || (!isFirst && this.seen.has(TYPE_URL.route))) return;
    const names = Buffer.concat(pieces.map(outboundNames));
    if (names.length > 0) this.request(TYPE_URL.endpoint, { names });
  }

  /** No nonce: a subscription, to `names`; else an acknowledgement, which in state of the world repeats all names. */
  private request(
    typeUrl: string,
    { nonce = '', version = '', names }: { nonce?: string; version?: string; names?: Uint8Array },
  ): void {
    const { protocol, node, subscriptions } = this.options;
    const fields = FIELDS[protocol];
    const all = typeUrl === TYPE_URL.endpoint ? subscriptions.endpoints : subscriptions.routes;
    const repeated = protocol === 'sotw' && NAMED.includes(typeUrl) ? all : NONE;
    const isFirst = typeUrl === TYPE_URL.cluster && nonce === '';
    const pieces = [
      isFirst ? field(fields.node, node) : NONE,
      text(fields.version, version),
      text(fields.typeUrl, typeUrl),
      names ?? repeated,
      text(fields.nonce, nonce),
    ];
    this.sentBytes += pieces.reduce((sum, { length }) => sum + length, 5);
    if (this.call.sendPieces === undefined) this.call.send(Buffer.concat(pieces));
    else this.call.sendPieces(pieces);
  }
}

const NAMED: readonly string[] = [TYPE_URL.endpoint, TYPE_URL.route];
const NONE = new Uint8Array(0);

function text(number: number, value: string): Uint8Array {
  return number === 0 || value === '' ? NONE : field(number, Buffer.from(value));
}

/** A length-delimited field. */
function field(number: number, value: Uint8Array): Uint8Array {
  const head = [(number << 3) | WireType.LengthDelimited];
  let { length } = value;
  for (; length > 127; length >>>= 7) head.push((length & 127) | 128);
  return Buffer.concat([Buffer.from([...head, length]), value]);
}

/** Field 2 of DeltaDiscoveryResponse, and 3 of the Resource in it, which is that of names in requests. */
const [RESOURCES, NAME] = [2, 3];
const OUTBOUND = Buffer.from('outbound|');

const outboundIn = new WeakMap<Uint8Array, Uint8Array>();

/** The names of those resources in a delta response that are outbound, as a request has them. */
function outboundNames(octets: Uint8Array): Uint8Array {
  let names = outboundIn.get(octets);
  if (names === undefined) outboundIn.set(octets, (names = findOutboundNames(octets)));
  return names;
}

function findOutboundNames(octets: Uint8Array): Uint8Array {
  const names: Uint8Array[] = [];
  const reader = new BinaryReader(octets);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field !== RESOURCES) {
      reader.skip(wireType, field);
      continue;
    }
    const length = reader.uint32();
    const end = reader.pos + length;
    while (reader.pos < end) {
      const at = reader.pos;
      const [inner, innerType] = reader.tag();
      reader.skip(innerType, inner);
      const name = octets.subarray(at, reader.pos);
      // A tag and a length come before it.
      if (inner === NAME && Buffer.compare(name.subarray(2, 2 + OUTBOUND.length), OUTBOUND) === 0) names.push(name);
    }
  }
  return Buffer.concat(names);
}
