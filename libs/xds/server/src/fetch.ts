import { fromJson, toJson, type JsonValue } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { DiscoveryRequest, DiscoveryResponse } from '@weft/api-envoy/gen/envoy/service/discovery/v3/discovery_pb';
import { GRPC_STATUS, type GrpcHandler } from '@weft/core-grpc';
import { decodeSotwCall, type DiscoveryCall } from './discovery.decode.ts';
import { encodeSotwResponse } from './discovery-response.ts';
import { readMessage } from './messages.ts';
import { Portion } from './portion.ts';
import type { Resource } from './resource.ts';
import { ResourceMap } from './resource-map.ts';
import type { PollingNodes } from './polling-nodes.ts';
import type { Caller, StreamContext } from './stream-context.ts';
import { isFullStateType, shortType } from './type-urls.ts';
import { DISCOVERY_SERVICES } from './xds-services.ts';

/** What a fetch asks of the server. */
export interface FetchContext extends Pick<StreamContext, 'cache' | 'admit' | 'withholds' | 'onDemand' | 'identifier'> {
  readonly polling: PollingNodes;
}

/** The paths of REST-JSON discovery, for whoever mounts it. */
export const REST_PATHS: readonly string[] = DISCOVERY_SERVICES.map(({ rest }) => `/v3/discovery:${rest}`);

export interface RestRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly body: string;
  /** `ip:port`, or an IP address. */
  readonly peerAddress: string;
  /** DER, where the connection has one. */
  readonly peerCertificate?: Uint8Array;
}

export interface RestResponse {
  readonly status: number;
  /** `application/json`, or empty with a status that needs no words. */
  readonly body: string;
}

type Fetched =
  | { readonly kind: 'resources'; readonly version: string; readonly resources: readonly Resource[] }
  | { readonly kind: 'same' }
  | { readonly kind: 'refused'; readonly code: Refusal; readonly message: string };

/** Who fetches, and which version it says it has. */
interface Fetch {
  readonly version: string;
  readonly peerAddress: string;
  readonly peerCertificate: Uint8Array | undefined;
}

type Refusal = 'invalid' | 'unauthenticated' | 'withheld' | 'full';

const REFUSALS: Readonly<Record<Refusal, { readonly http: number; readonly grpc: number }>> = {
  invalid: { http: 400, grpc: GRPC_STATUS.INVALID_ARGUMENT },
  unauthenticated: { http: 401, grpc: GRPC_STATUS.UNAUTHENTICATED },
  withheld: { http: 403, grpc: GRPC_STATUS.PERMISSION_DENIED },
  full: { http: 503, grpc: GRPC_STATUS.RESOURCE_EXHAUSTED },
};

/**
 * REST-JSON discovery: `POST /v3/discovery:clusters` with a DiscoveryRequest, answered by a DiscoveryResponse; 304 when the
 * request has that version already. Undefined: the path is not one of discovery. Source: Envoy, ApiType REST.
 */
export function restDiscovery(cx: FetchContext, request: RestRequest): RestResponse | undefined {
  const service = DISCOVERY_SERVICES.find(({ rest }) => request.path === `/v3/discovery:${rest}`);
  if (service === undefined) return undefined;
  if (request.method !== 'POST') return failure(405, `${request.method} is not how resources are fetched: POST is`);
  const read = readJson(request.body);
  if (typeof read === 'string') return failure(400, read);
  const fetched = fetchResources(cx, service.typeUrl, decodeSotwCall(read), {
    version: read.versionInfo,
    peerCertificate: request.peerCertificate,
    peerAddress: request.peerAddress,
  });
  if (fetched.kind === 'same') return { status: 304, body: '' };
  if (fetched.kind === 'refused') return failure(REFUSALS[fetched.code].http, fetched.message);
  const octets = encodeFetched(cx, service.typeUrl, fetched);
  return { status: 200, body: responseJson(octets) };
}

function encodeFetched(
  { identifier }: FetchContext,
  typeUrl: string,
  { version, resources }: Extract<Fetched, { kind: 'resources' }>,
): Uint8Array {
  const portions = [new Portion(undefined, resources)];
  return Buffer.concat(encodeSotwResponse({ version, portions, typeUrl, nonce: '', removed: [], identifier }));
}

/** `Fetch…` over gRPC: one request, one response. */
export function fetchHandler(cx: FetchContext, typeUrl: string): GrpcHandler {
  return (call) => ({
    onMessage: (octets) => {
      const request = readMessage<DiscoveryRequest>('envoy.service.discovery.v3.DiscoveryRequest', octets);
      if (request === undefined)
        return call.end({ code: GRPC_STATUS.INVALID_ARGUMENT, message: 'no DiscoveryRequest' });
      const { peerCertificate, peerAddress } = call;
      const fetched = fetchResources(cx, typeUrl, decodeSotwCall(request), {
        version: '',
        peerCertificate,
        peerAddress,
      });
      if (fetched.kind === 'resources') {
        call.send(encodeFetched(cx, typeUrl, fetched));
        call.end();
      } else if (fetched.kind === 'refused') call.end({ code: REFUSALS[fetched.code].grpc, message: fetched.message });
    },
    onHalfClose: () => undefined,
    onCancelled: () => undefined,
  });
}

function fetchResources(cx: FetchContext, typeUrl: string, { node, interest }: DiscoveryCall, has: Fetch): Fetched {
  if (node === undefined || node.id === '') return refused('invalid', 'a fetch must name its node');
  const caller: Caller = { node, peerCertificate: has.peerCertificate, metadata: [] };
  const refusal = cx.admit(caller);
  if (refusal !== undefined) return refused('unauthenticated', refusal);
  if (cx.withholds(caller, typeUrl))
    return refused('withheld', `${shortType(typeUrl)} is for callers that show a certificate: take it over a stream`);
  const poller = cx.polling.heard(caller, has.peerAddress);
  if (poller === undefined) return refused('full', 'too many nodes poll already');
  const all = cx.cache.get(cx.cache.groups(node))?.resources(typeUrl) ?? ResourceMap.empty<Resource>();
  const names = interest.kind === 'whole' ? interest.wanted.names : [];
  const missing = names.filter((name) => name !== '*' && !all.has(name));
  if (missing.length > 0) cx.onDemand(node, typeUrl, missing);
  const wildcard = names.includes('*') || (names.length === 0 && isFullStateType(typeUrl));
  const wanted = wildcard ? all : ResourceMap.of(names.flatMap((name) => all.get(name) ?? []));
  const { version, size: resources } = wanted;
  poller.fetched({ typeUrl, has: has.version, version, wildcard, subscribed: names.length, resources });
  if (has.version === version) return { kind: 'same' };
  return { kind: 'resources', version, resources: [...wanted.values()] };
}

function refused(code: Refusal, message: string): Fetched {
  return { kind: 'refused', code, message };
}

function readJson(body: string): DiscoveryRequest | string {
  const schema = registry().getMessage('envoy.service.discovery.v3.DiscoveryRequest');
  if (schema === undefined) return 'the API has no DiscoveryRequest';
  try {
    const options = { registry: registry(), ignoreUnknownFields: true };
    return fromJson(schema, JSON.parse(body) as JsonValue, options) as DiscoveryRequest;
  } catch (error) {
    return `the body is no DiscoveryRequest: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function responseJson(octets: Uint8Array): string {
  const schema = registry().getMessage('envoy.service.discovery.v3.DiscoveryResponse');
  const message = readMessage<DiscoveryResponse>('envoy.service.discovery.v3.DiscoveryResponse', octets);
  if (schema === undefined || message === undefined) return '{}';
  return JSON.stringify(toJson(schema, message, { registry: registry() }));
}

function failure(status: number, message: string): RestResponse {
  return { status, body: JSON.stringify({ message }) };
}
