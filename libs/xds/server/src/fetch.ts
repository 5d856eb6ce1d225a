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
import type { Caller, StreamContext } from './stream-context.ts';
import { isFullStateType } from './type-urls.ts';
import { DISCOVERY_SERVICES } from './xds-services.ts';

/** What a fetch asks of the server. */
export type FetchContext = Pick<StreamContext, 'cache' | 'admit' | 'withholds' | 'onDemand' | 'identifier'>;

export interface RestRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly body: string;
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
  | { readonly kind: 'refused'; readonly code: 'invalid' | 'unauthenticated'; readonly message: string };

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
  });
  if (fetched.kind === 'same') return { status: 304, body: '' };
  if (fetched.kind === 'refused') return failure(fetched.code === 'invalid' ? 400 : 401, fetched.message);
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
      const { peerCertificate } = call;
      const fetched = fetchResources(cx, typeUrl, decodeSotwCall(request), { version: '', peerCertificate });
      if (fetched.kind === 'resources') {
        call.send(encodeFetched(cx, typeUrl, fetched));
        call.end();
      } else if (fetched.kind === 'refused') {
        const code = fetched.code === 'invalid' ? GRPC_STATUS.INVALID_ARGUMENT : GRPC_STATUS.UNAUTHENTICATED;
        call.end({ code, message: fetched.message });
      }
    },
    onHalfClose: () => undefined,
    onCancelled: () => undefined,
  });
}

function fetchResources(
  cx: FetchContext,
  typeUrl: string,
  { node, interest }: DiscoveryCall,
  has: { readonly version: string; readonly peerCertificate: Uint8Array | undefined },
): Fetched {
  if (node === undefined || node.id === '')
    return { kind: 'refused', code: 'invalid', message: 'a fetch must name its node' };
  const caller: Caller = { node, peerCertificate: has.peerCertificate, metadata: [] };
  const refusal = cx.admit(caller);
  if (refusal !== undefined) return { kind: 'refused', code: 'unauthenticated', message: refusal };
  const given = cx.withholds(caller, typeUrl) ? undefined : cx.cache.get(cx.cache.groups(node));
  const all = given?.resources(typeUrl) ?? ResourceMap.empty<Resource>();
  const names = interest.kind === 'whole' ? interest.wanted.names : [];
  const missing = names.filter((name) => name !== '*' && !all.has(name));
  if (missing.length > 0) cx.onDemand(node, typeUrl, missing);
  const whole = names.includes('*') || (names.length === 0 && isFullStateType(typeUrl));
  const wanted = whole ? all : ResourceMap.of(names.flatMap((name) => all.get(name) ?? []));
  if (has.version === wanted.version) return { kind: 'same' };
  return { kind: 'resources', version: wanted.version, resources: [...wanted.values()] };
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
