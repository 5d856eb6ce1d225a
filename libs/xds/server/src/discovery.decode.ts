import { BinaryReader } from '@bufbuild/protobuf/wire';
import type {
  DeltaDiscoveryRequest,
  DiscoveryRequest,
} from '@weft/api-envoy/gen/envoy/service/discovery/v3/discovery_pb';
import { hash } from 'node:crypto';
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
  /** Of the names as they were sent; empty where that is of no use. */
  readonly digest: string;
}

/** Field numbers of DiscoveryRequest that are read before the rest. */
const NAMES = 3;
const TYPE_URL_FIELD = 4;

/**
 * Undefined: the octets are no such message. In state of the world every acknowledgement repeats all names, ten thousand of them
 * at worst: those that are the same as in the request before (`before` gives their digest by type) are not read again.
 */
export function decodeSotwRequest(
  octets: Uint8Array,
  before: (typeUrl: string) => string | undefined,
): DiscoveryCall | undefined {
  const names = findNames(octets);
  const digest = names === undefined ? '' : hash('sha1', octets.subarray(names.start, names.end), 'base64');
  const same = names !== undefined && before(names.typeUrl) === digest;
  const rest = same ? Buffer.concat([octets.subarray(0, names.start), octets.subarray(names.end)]) : octets;
  const request = readMessage<DiscoveryRequest>('envoy.service.discovery.v3.DiscoveryRequest', rest);
  if (request === undefined) return undefined;
  return { ...commonOf(request), interest: same ? { kind: 'same' } : decodeSotwCall(request).interest, digest };
}

/** Where the names are, when they stand together and there are any. */
function findNames(octets: Uint8Array): { start: number; end: number; typeUrl: string } | undefined {
  const reader = new BinaryReader(octets);
  let [start, end, typeUrl] = [-1, -1, ''];
  try {
    while (reader.pos < reader.len) {
      const at = reader.pos;
      const [field, wireType] = reader.tag();
      if (field === TYPE_URL_FIELD) typeUrl = reader.string();
      else reader.skip(wireType, field);
      if (field !== NAMES) continue;
      if (start !== -1 && at !== end) return undefined;
      if (start === -1) start = at;
      end = reader.pos;
    }
  } catch {
    return undefined;
  }
  return start === -1 ? undefined : { start, end, typeUrl };
}

export function decodeSotwCall(request: DiscoveryRequest): DiscoveryCall {
  return { ...commonOf(request), interest: { kind: 'whole', names: request.resourceNames }, digest: '' };
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
    digest: '',
  };
}

function commonOf(request: DiscoveryRequest | DeltaDiscoveryRequest): Omit<DiscoveryCall, 'interest' | 'digest'> {
  return {
    typeUrl: request.typeUrl,
    node: request.node === undefined ? undefined : decodeNode(request.node),
    nonce: request.responseNonce,
    error: request.errorDetail?.message,
  };
}
