import { BinaryReader } from '@bufbuild/protobuf/wire';
import type {
  DeltaDiscoveryRequest,
  DiscoveryRequest,
} from '@weft/api-envoy/gen/envoy/service/discovery/v3/discovery_pb';
import { readMessage } from './messages.ts';
import { NameList, NO_NAMES, type NamePool } from './name-list.ts';
import { decodeNode } from './node.decode.ts';
import type { XdsNode } from './node.ts';
import type { Interest } from './interest.ts';

/** A request of either protocol, in one form. */
export interface DiscoveryCall {
  /** Empty on a stream that serves one type. */
  readonly typeUrl: string;
  /** Usually on the first request of a stream only. */
  readonly node: XdsNode | undefined;
  /** Empty: this is no answer to a response. */
  readonly nonce: string;
  /** The response was refused. */
  readonly error: string | undefined;
  readonly interest: Interest;
}

/** Field number of the names in both requests: `resource_names`, `resource_names_subscribe`. */
const NAMES = 3;

/** Lists of names that came before. */
export interface KnownNames {
  readonly pool: NamePool;
  /** Those that the stream sent last, one for each type. */
  readonly last: Iterable<NameList>;
}

/**
 * Undefined: the octets are no such message. In state of the world every acknowledgement repeats all names, ten thousand of them
 * at worst: those that came before are compared and not read.
 */
export function decodeSotwRequest(octets: Uint8Array, known: KnownNames): DiscoveryCall | undefined {
  const { list, rest } = takeNames(octets, known);
  const request = readMessage<DiscoveryRequest>('envoy.service.discovery.v3.DiscoveryRequest', rest);
  return (
    request && {
      ...commonOf(request),
      interest: { kind: 'whole', wanted: list ?? listOf(request.resourceNames), version: request.versionInfo },
    }
  );
}

export function decodeSotwCall(request: DiscoveryRequest): DiscoveryCall {
  const wanted = listOf(request.resourceNames);
  return { ...commonOf(request), interest: { kind: 'whole', wanted, version: request.versionInfo } };
}

/** Undefined: the octets are no such message. */
export function decodeDeltaRequest(octets: Uint8Array, known: KnownNames): DiscoveryCall | undefined {
  const { list, rest } = takeNames(octets, known);
  const request = readMessage<DeltaDiscoveryRequest>('envoy.service.discovery.v3.DeltaDiscoveryRequest', rest);
  return (
    request && {
      ...commonOf(request),
      interest: {
        kind: 'change',
        add: list ?? listOf(request.resourceNamesSubscribe),
        remove: request.resourceNamesUnsubscribe,
        has: request.initialResourceVersions,
      },
    }
  );
}

function listOf(names: readonly string[]): NameList {
  return names.length === 0 ? NO_NAMES : new NameList(names);
}

/** A request without its names, and these as a list; no list where there are none, or they do not stand together. */
function takeNames(octets: Uint8Array, known: KnownNames): { list: NameList | undefined; rest: Uint8Array } {
  try {
    const place = findNames(octets, known.last);
    if (place === undefined) return { list: undefined, rest: octets };
    const { start, end } = place;
    const names = octets.subarray(start, end);
    const list = place.list ?? known.pool.find(names, () => readNames(names));
    return { list, rest: Buffer.concat([octets.subarray(0, start), octets.subarray(end)]) };
  } catch {
    // Broken octets are no message either: whoever reads them whole says so.
    return { list: undefined, rest: octets };
  }
}

interface NamesPlace {
  readonly start: number;
  readonly end: number;
  readonly list: NameList | undefined;
}

function findNames(octets: Uint8Array, last: Iterable<NameList>): NamesPlace | undefined {
  const reader = new BinaryReader(octets);
  let [start, end] = [-1, -1];
  let list: NameList | undefined;
  while (reader.pos < reader.len) {
    const at = reader.pos;
    const [field, wireType] = reader.tag();
    const known = field === NAMES && start === -1 ? startingHere(octets, at, last) : undefined;
    if (known === undefined) reader.skip(wireType, field);
    else reader.pos = at + known.octets.length;
    if (field !== NAMES) continue;
    if (start !== -1 && at !== end) return undefined;
    // One more than the list has: it is another.
    list = start === -1 ? known : undefined;
    if (start === -1) start = at;
    end = reader.pos;
  }
  return start === -1 ? undefined : { start, end, list };
}

function startingHere(octets: Uint8Array, at: number, lists: Iterable<NameList>): NameList | undefined {
  for (const list of lists) {
    const { length } = list.octets;
    if (length > 0 && Buffer.compare(octets.subarray(at, at + length), list.octets) === 0) return list;
  }
  return undefined;
}

function readNames(octets: Uint8Array): string[] {
  const reader = new BinaryReader(octets);
  const names: string[] = [];
  while (reader.pos < reader.len) {
    reader.tag();
    names.push(reader.string());
  }
  return names;
}

function commonOf(request: DiscoveryRequest | DeltaDiscoveryRequest): Omit<DiscoveryCall, 'interest'> {
  return {
    typeUrl: request.typeUrl,
    node: request.node === undefined ? undefined : decodeNode(request.node),
    nonce: request.responseNonce,
    error: request.errorDetail?.message,
  };
}
