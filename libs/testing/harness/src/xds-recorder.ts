import { fromBinary, type Message } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { registry, typeNameOfUrl } from '@weft/api-envoy';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
  Resource as WireResource,
} from '@weft/api-envoy/gen/envoy/service/discovery/v3/discovery_pb';
import type { GrpcHandler, GrpcServerCall, GrpcServerReceiver, GrpcServices } from '@weft/core-grpc';
import { referencesOf, Resource } from '@weft/xds-server';

/** What crossed an aggregated stream. */
export type XdsEvent = XdsRequestEvent | XdsResponseEvent;

export interface XdsRequestEvent {
  readonly from: 'proxy';
  readonly stream: number;
  readonly typeUrl: string;
  /** The response that it answers; `''`: none. */
  readonly nonce: string;
  /** State of the world: all names that are asked for; incremental: the new ones. */
  readonly names: readonly string[];
  /** Why the response is refused; undefined: it is not. */
  readonly error: string | undefined;
}

export interface XdsResponseEvent {
  readonly from: 'server';
  readonly stream: number;
  readonly protocol: 'sotw' | 'delta';
  readonly typeUrl: string;
  readonly nonce: string;
  readonly resources: readonly Resource[];
  readonly removed: readonly string[];
}

const DISCOVERY = 'envoy.service.discovery.v3';
const METHODS = {
  [`/${DISCOVERY}.AggregatedDiscoveryService/StreamAggregatedResources`]: 'sotw',
  [`/${DISCOVERY}.AggregatedDiscoveryService/DeltaAggregatedResources`]: 'delta',
} as const;

/** The same services, with every message of an aggregated stream shown to `onEvent` before it is passed on. */
export function recordedServices(services: GrpcServices, onEvent: (event: XdsEvent) => void): GrpcServices {
  let streams = 0;
  const recorded = new Map(services);
  for (const [path, protocol] of Object.entries(METHODS)) {
    const handler = services.get(path);
    if (handler !== undefined)
      recorded.set(path, (call) => record({ call, handler, protocol, stream: (streams += 1), onEvent }));
  }
  return recorded;
}

interface Recording {
  readonly call: GrpcServerCall;
  readonly handler: GrpcHandler;
  readonly protocol: 'sotw' | 'delta';
  readonly stream: number;
  onEvent(event: XdsEvent): void;
}

function record({ call, handler, protocol, stream, onEvent }: Recording): GrpcServerReceiver {
  const receiver = handler({
    metadata: call.metadata,
    peerAddress: call.peerAddress,
    peerCertificate: call.peerCertificate,
    send(message) {
      onEvent({ from: 'server', stream, protocol, ...responseOf(protocol, message) });
      return call.send(message);
    },
    end: (status) => call.end(status),
  });
  return {
    onMessage(message) {
      onEvent({ from: 'proxy', stream, ...requestOf(protocol, message) });
      receiver.onMessage(message);
    },
    onHalfClose: () => receiver.onHalfClose(),
    onDrain: () => receiver.onDrain?.(),
    onCancelled: () => receiver.onCancelled(),
  };
}

function requestOf(protocol: 'sotw' | 'delta', octets: Uint8Array): Omit<XdsRequestEvent, 'from' | 'stream'> {
  if (protocol === 'sotw') {
    const { typeUrl, responseNonce, resourceNames, errorDetail } = read<DiscoveryRequest>('DiscoveryRequest', octets);
    return { typeUrl, nonce: responseNonce, names: resourceNames, error: errorDetail?.message };
  }
  const request = read<DeltaDiscoveryRequest>('DeltaDiscoveryRequest', octets);
  const { typeUrl, responseNonce, resourceNamesSubscribe, errorDetail } = request;
  return { typeUrl, nonce: responseNonce, names: resourceNamesSubscribe, error: errorDetail?.message };
}

type Response = Omit<XdsResponseEvent, 'from' | 'stream' | 'protocol'>;

function responseOf(protocol: 'sotw' | 'delta', octets: Uint8Array): Response {
  if (protocol === 'sotw') {
    const { typeUrl, nonce, resources } = read<DiscoveryResponse>('DiscoveryResponse', octets);
    return { typeUrl, nonce, resources: resources.flatMap((any) => unwrapped(any) ?? []), removed: [] };
  }
  const response = read<DeltaDiscoveryResponse>('DeltaDiscoveryResponse', octets);
  const resources = response.resources.flatMap(({ name, resource }) => (resource ? [resourceOf(resource, name)] : []));
  return { typeUrl: response.typeUrl, nonce: response.nonce, resources, removed: response.removedResources };
}

/** What has a TTL comes in a wrapper; undefined: a heartbeat, which has no content. */
function unwrapped(any: Any): Resource | undefined {
  if (!any.typeUrl.endsWith(`/${DISCOVERY}.Resource`)) return resourceOf(any);
  const { resource } = read<WireResource>('Resource', any.value);
  return resource && resourceOf(resource);
}

function resourceOf(any: Any, name?: string): Resource {
  const schema = registry().getMessage(typeNameOfUrl(any.typeUrl));
  if (schema === undefined) throw new Error(`the server sends a ${any.typeUrl}`);
  const message = fromBinary(schema, any.value) as Message & { readonly name?: string; readonly clusterName?: string };
  return new Resource(any.typeUrl, name ?? message.name ?? message.clusterName ?? '', {
    value: any.value,
    references: referencesOf(message),
  });
}

function read<T extends Message>(name: string, octets: Uint8Array): T {
  return fromBinary(registry().getMessage(`${DISCOVERY}.${name}`)!, octets) as T;
}
