import { socketAddress, type RequestHeaderMap, type SocketAddress } from '@weft/core-http';
import { anyContains, parseIp, type CidrRange } from '@weft/model-match';

/** How a proxy that does not ask the socket finds out who the client is. Source: envoy.extensions.http.original_ip_detection. */
export type OriginalIpDetector =
  | {
      readonly kind: 'xff';
      /** Of the last addresses so many belong to proxies that are trusted; not with `trusted`. */
      readonly hops: number;
      /** The proxies that are trusted, wherever they stand in the list; empty: `hops` counts. */
      readonly trusted: readonly CidrRange[];
      readonly skipAppend: boolean;
    }
  | {
      readonly kind: 'custom_header';
      /** In lower case. */
      readonly header: string;
      /** The address may be internal. */
      readonly trusted: boolean;
      /** The answer to a request without the header; 0 goes on to the next detector. */
      readonly rejectStatus: number;
    };

export interface OriginalIp {
  /** Undefined: the peer is all that is known. */
  readonly address: SocketAddress | undefined;
  /** Whether the address is internal may be asked. */
  readonly trusted: boolean;
  /** The peer belongs into x-forwarded-for. */
  readonly appendPeer: boolean;
}

/** The first answer of the detectors; a status where one refuses the request. */
export function detectOriginalIp(
  detectors: readonly OriginalIpDetector[],
  headers: RequestHeaderMap,
  peer: SocketAddress,
): OriginalIp | number {
  let appendPeer = false;
  for (const detector of detectors) {
    appendPeer = detector.kind === 'xff' && !detector.skipAppend;
    const found = detector.kind === 'xff' ? fromForwardedFor(detector, headers, peer) : fromHeader(detector, headers);
    if (typeof found === 'number') return found;
    if (found !== undefined) return { ...found, appendPeer };
  }
  return { address: undefined, trusted: false, appendPeer };
}

type Found = Pick<OriginalIp, 'address' | 'trusted'>;

function fromForwardedFor(
  { hops, trusted }: Extract<OriginalIpDetector, { kind: 'xff' }>,
  headers: RequestHeaderMap,
  peer: SocketAddress,
): Found | undefined {
  const forwarded = headers.get('x-forwarded-for');
  if (forwarded === undefined) return undefined;
  const list = forwarded.split(',').map((text) => text.trim());
  const place = trusted.length === 0 ? list.length - 1 - hops : lastUntrusted(list, trusted, peer);
  const text = list[place];
  if (text === undefined || parseIp(text) === undefined) return undefined;
  return { address: socketAddress(text, 0), trusted: list.length === 1 };
}

/** The place of the client: the last address that is of no trusted proxy. None, where the peer itself is not trusted. */
function lastUntrusted(list: readonly string[], trusted: readonly CidrRange[], peer: SocketAddress): number {
  if (!anyContains(trusted, peer.ip)) return -1;
  let place = list.length - 1;
  while (place > 0 && anyContains(trusted, list[place] as string)) place -= 1;
  return place;
}

function fromHeader(
  { header, trusted, rejectStatus }: Extract<OriginalIpDetector, { kind: 'custom_header' }>,
  headers: RequestHeaderMap,
): Found | number | undefined {
  const text = headers.get(header)?.trim();
  if (text === undefined || parseIp(text) === undefined) return rejectStatus === 0 ? undefined : rejectStatus;
  return { address: socketAddress(text, 0), trusted };
}
