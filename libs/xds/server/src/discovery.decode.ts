import type {
  DeltaDiscoveryRequest,
  DiscoveryRequest,
} from '@weft/api-envoy/gen/envoy/service/discovery/v3/discovery_pb';
import { readMessage } from './messages.ts';
import { decodeNode } from './node.decode.ts';
import type { XdsNode } from './node.ts';
import type { Interest } from './subscription.ts';

/** A request of either protocol, in one form. */
export interface DiscoveryCall {
  /** Empty on a stream that serves one type. */
  readonly typeUrl: string;
  /** Usually on the first request of a stream only. */
  readonly node: XdsNode | undefined;
  /** Empty: this is no answer to a response. */
  readonly nonce: string;
  /** The response was refused (B31). */
  readonly error: string | undefined;
  readonly interest: Interest;
}

/** Undefined: the octets are no such message. */
export function decodeSotwRequest(octets: Uint8Array): DiscoveryCall | undefined {
  const request = readMessage<DiscoveryRequest>('envoy.service.discovery.v3.DiscoveryRequest', octets);
  return request === undefined ? undefined : decodeSotwCall(request);
}

export function decodeSotwCall(request: DiscoveryRequest): DiscoveryCall {
  return { ...commonOf(request), interest: { kind: 'whole', names: request.resourceNames } };
}

/** Undefined: the octets are no such message. */
export function decodeDeltaRequest(octets: Uint8Array): DiscoveryCall | undefined {
  const request = readMessage<DeltaDiscoveryRequest>('envoy.service.discovery.v3.DeltaDiscoveryRequest', octets);
  if (request === undefined) return undefined;
  return {
    ...commonOf(request),
    interest: {
      kind: 'change',
      add: request.resourceNamesSubscribe,
      remove: request.resourceNamesUnsubscribe,
      has: request.initialResourceVersions,
    },
  };
}

function commonOf(request: DiscoveryRequest | DeltaDiscoveryRequest): Omit<DiscoveryCall, 'interest'> {
  return {
    typeUrl: request.typeUrl,
    node: request.node === undefined ? undefined : decodeNode(request.node),
    nonce: request.responseNonce,
    error: request.errorDetail?.message,
  };
}
