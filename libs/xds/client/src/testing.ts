import { create, fromBinary, toBinary, type Message } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type {
  DeltaDiscoveryRequest,
  DiscoveryRequest,
} from '@weft/api-envoy/gen/envoy/service/discovery/v3/discovery_pb';
import type { GrpcServerCall, GrpcServices } from '@weft/core-grpc';

export type ProtocolName = 'sotw' | 'delta';

/** A request in terms of both protocols. */
export interface SeenRequest {
  readonly typeUrl: string;
  /** State of the world: all names; delta: those that were added. */
  readonly names: readonly string[];
  /** Delta only. */
  readonly unsubscribed: readonly string[];
  readonly initialVersions: Readonly<Record<string, string>>;
  /** State of the world only. */
  readonly version: string;
  readonly nonce: string;
  readonly error: string | undefined;
  readonly node: { readonly id: string; readonly userAgentName: string } | undefined;
}

/** A resource to send. `fields` undefined: a heartbeat. `octets`: instead of fields. */
export interface SentResource {
  readonly name: string;
  readonly fields?: object;
  readonly octets?: Uint8Array;
  readonly version?: string;
  readonly ttlMs?: number;
  readonly aliases?: readonly string[];
}

export interface SentResponse {
  readonly typeName: string;
  readonly version: string;
  readonly nonce?: string;
  readonly resources: readonly SentResource[];
  readonly removed?: readonly string[];
}

const PREFIX = 'type.googleapis.com/';
const DISCOVERY = 'envoy.service.discovery.v3.';

function encode(typeName: string, fields: object): Uint8Array {
  const desc = registry().getMessage(typeName)!;
  return toBinary(desc, create(desc, fields as Record<string, unknown>));
}

function decode<T extends Message>(typeName: string, octets: Uint8Array): T {
  return fromBinary(registry().getMessage(typeName)!, octets) as T;
}

/** The discovery response that holds the resources, in either protocol. */
export function encodeResponse(protocol: ProtocolName, response: SentResponse, controlPlane = ''): Uint8Array {
  const { typeName, version, nonce = version, resources, removed = [] } = response;
  const identified = controlPlane === '' ? {} : { controlPlane: { identifier: controlPlane } };
  const anyOf = ({ fields, octets }: SentResource): object => ({
    typeUrl: PREFIX + typeName,
    value: octets ?? encode(typeName, fields ?? {}),
  });
  const wrapped = (resource: SentResource): object => ({
    name: resource.name,
    aliases: [...(resource.aliases ?? [])],
    version: resource.version ?? version,
    ...(resource.fields === undefined && resource.octets === undefined ? {} : { resource: anyOf(resource) }),
    ...(resource.ttlMs === undefined
      ? {}
      : { ttl: { seconds: BigInt(Math.floor(resource.ttlMs / 1000)), nanos: (resource.ttlMs % 1000) * 1e6 } }),
  });
  if (protocol === 'delta') {
    return encode(`${DISCOVERY}DeltaDiscoveryResponse`, {
      typeUrl: PREFIX + typeName,
      systemVersionInfo: version,
      nonce,
      removedResources: [...removed],
      resources: resources.map(wrapped),
      ...identified,
    });
  }
  return encode(`${DISCOVERY}DiscoveryResponse`, {
    typeUrl: PREFIX + typeName,
    versionInfo: version,
    nonce,
    resources: resources.map((resource) =>
      resource.ttlMs === undefined
        ? anyOf(resource)
        : { typeUrl: `${PREFIX}${DISCOVERY}Resource`, value: encode(`${DISCOVERY}Resource`, wrapped(resource)) },
    ),
    ...identified,
  });
}

/** A control plane that says what a test tells it to, and remembers what it was asked. */
export class FakeControlPlane {
  readonly protocol: ProtocolName;
  readonly requests: SeenRequest[] = [];
  /** How often a stream was opened. */
  streams = 0;
  controlPlane = '';
  /** Called for each request, after it was remembered. */
  onRequest: (request: SeenRequest) => void = () => undefined;
  private call: GrpcServerCall | undefined;

  constructor(protocol: ProtocolName) {
    this.protocol = protocol;
  }

  /** `path` default: the aggregated stream. */
  services(path?: string): GrpcServices {
    const verb = this.protocol === 'sotw' ? 'Stream' : 'Delta';
    const method = path ?? `/envoy.service.discovery.v3.AggregatedDiscoveryService/${verb}AggregatedResources`;
    return new Map([[method, (call: GrpcServerCall) => this.open(call)]]);
  }

  send(response: SentResponse): void {
    this.sendOctets(encodeResponse(this.protocol, response, this.controlPlane));
  }

  sendOctets(octets: Uint8Array): void {
    this.call?.send(octets);
  }

  /** The server ends the stream. */
  end(): void {
    this.call?.end();
  }

  /** The requests since this was last called. */
  seen(): SeenRequest[] {
    return this.requests.splice(0);
  }

  private open(call: GrpcServerCall): ReturnType<NonNullable<ReturnType<GrpcServices['get']>>> {
    this.call = call;
    this.streams += 1;
    return {
      onMessage: (octets) => {
        const request = this.protocol === 'sotw' ? sotwRequest(octets) : deltaRequest(octets);
        this.requests.push(request);
        this.onRequest(request);
      },
      onHalfClose: () => call.end(),
      onCancelled: () => {
        if (this.call === call) this.call = undefined;
      },
    };
  }
}

function sotwRequest(octets: Uint8Array): SeenRequest {
  const message = decode<DiscoveryRequest>(`${DISCOVERY}DiscoveryRequest`, octets);
  return {
    typeUrl: message.typeUrl,
    names: message.resourceNames,
    unsubscribed: [],
    initialVersions: {},
    version: message.versionInfo,
    nonce: message.responseNonce,
    error: message.errorDetail?.message,
    node: message.node,
  };
}

function deltaRequest(octets: Uint8Array): SeenRequest {
  const message = decode<DeltaDiscoveryRequest>(`${DISCOVERY}DeltaDiscoveryRequest`, octets);
  return {
    typeUrl: message.typeUrl,
    names: message.resourceNamesSubscribe,
    unsubscribed: message.resourceNamesUnsubscribe,
    initialVersions: message.initialResourceVersions,
    version: '',
    nonce: message.responseNonce,
    error: message.errorDetail?.message,
    node: message.node,
  };
}
