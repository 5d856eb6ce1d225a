import {
  nextConnectionId,
  type DownstreamConnection,
  type Metadata,
  type SocketAddress,
  type TlsConnectionInfo,
} from '@weft/core-http';
import type { ConnectionFacts } from '@weft/model-listener';
import { addressOf } from '@weft/net-tcp';
import type { Socket } from 'node:net';
import type { AcceptedSocket } from './accepted-socket.ts';

/** What is known of an accepted connection once listener filters are done. */
export interface AcceptedFacts {
  readonly socket: Socket;
  readonly localAddress: SocketAddress;
  readonly directRemoteAddress: SocketAddress;
  /** What listener filters found; undefined where there were none. */
  readonly filtered: AcceptedSocket | undefined;
}

/** What filter chains are matched on. */
export function matchedFacts({ localAddress, directRemoteAddress, filtered }: AcceptedFacts): ConnectionFacts {
  const source = filtered?.remoteAddress ?? directRemoteAddress;
  return {
    destinationIp: localAddress.ip,
    destinationPort: localAddress.port,
    serverName: filtered?.serverName ?? '',
    // What no filter found out is taken for plaintext.
    transportProtocol:
      filtered === undefined || filtered.transportProtocol === '' ? 'raw_buffer' : filtered.transportProtocol,
    applicationProtocols: filtered?.applicationProtocols ?? [],
    directSourceIp: directRemoteAddress.ip,
    sourceIp: source.ip,
    sourcePort: source.port,
  };
}

/** What is known of a connection becomes what the handshake, which ended at `nowMs`, made of it. As in Envoy, the name that the client asked for is known where tls_inspector looked for it. */
export function addTls(info: DownstreamConnection, tls: TlsConnectionInfo, nowMs: number): DownstreamConnection {
  return Object.assign(info, { tls: true, ssl: tls, handshakeEndMs: nowMs });
}

/** What logs tell of the filter chain that serves a connection, and of its listener. */
export interface ChainFacts {
  readonly name: string;
  readonly metadata: Metadata | undefined;
  readonly listenerMetadata: Metadata | undefined;
}

/** What everything behind the listener knows of a connection. */
export function infoOf(facts: AcceptedFacts, chain: ChainFacts): DownstreamConnection {
  const { localAddress, directRemoteAddress, filtered } = facts;
  const info: DownstreamConnection = {
    id: nextConnectionId(),
    localAddress,
    directRemoteAddress,
    tls: false,
    filterChainName: chain.name,
    filterChainMetadata: chain.metadata,
    listenerMetadata: chain.listenerMetadata,
    requestedServerName: filtered?.serverName ?? '',
  };
  if (filtered === undefined) return info;
  const { remoteAddress, ja3, ja4, metadata, localAddressRestored } = filtered;
  return {
    ...info,
    localAddressRestored,
    directLocalAddress: localAddressRestored
      ? addressOf(facts.socket.localAddress, facts.socket.localPort, undefined)
      : undefined,
    remoteAddress: remoteAddress === directRemoteAddress ? undefined : remoteAddress,
    ja3,
    ja4,
    metadata,
    filterState: filtered.setFilterState,
  };
}
