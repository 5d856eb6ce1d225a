import type { DownstreamConnection, SocketAddress, TlsConnectionInfo } from '@weft/core-http';
import { listenerAddressText, type ConnectionFacts, type ListenerAddress } from '@weft/model-listener';
import { addressOf, sharedAddressOf } from '@weft/net-tcp';
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

let lastConnectionId = 0;

/** Connection ids are unique in the process, whatever proxy they belong to: only logs compare them. */
function nextConnectionId(): number {
  lastConnectionId += 1;
  return lastConnectionId;
}

/** Whoever connects from within the process. */
export const CLIENT: SocketAddress = {
  ip: 'envoy://internal_client_address/',
  port: 0,
  text: 'envoy://internal_client_address/',
};

/** `envoy://name/`, as an address. */
export function internalAddress(name: string): SocketAddress {
  const text = listenerAddressText({ kind: 'internal', name });
  return { ip: text, port: 0, text };
}

/** Both addresses of an accepted socket. */
export interface AcceptedAddresses {
  readonly localAddress: SocketAddress;
  readonly remoteAddress: SocketAddress;
}

/** Where a connection came from and to. */
export function addressesOf(socket: Socket, address: ListenerAddress): AcceptedAddresses {
  if (address.kind === 'internal') {
    return { localAddress: internalAddress(address.name), remoteAddress: CLIENT };
  }
  const path = pathOf(address);
  return {
    localAddress: sharedAddressOf(socket.localAddress, socket.localPort, path),
    remoteAddress: addressOf(socket.remoteAddress, socket.remotePort, path),
  };
}

/** A Unix socket's path. */
export function pathOf(address: ListenerAddress): string | undefined {
  return address.kind === 'pipe' ? address.path : undefined;
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

/** The record was begun before the handshake: what it holds becomes what the handshake made of it. */
export function addTls(info: DownstreamConnection, tls: TlsConnectionInfo): DownstreamConnection {
  return Object.assign(info, { tls: true, ssl: tls, requestedServerName: tls.serverName });
}

/** What everything behind the listener knows of a connection. */
export function infoOf(facts: AcceptedFacts, tls: TlsConnectionInfo | undefined, chain = ''): DownstreamConnection {
  const { localAddress, directRemoteAddress, filtered } = facts;
  const info: DownstreamConnection = {
    id: nextConnectionId(),
    localAddress,
    directRemoteAddress,
    tls: tls !== undefined,
    filterChainName: chain,
    requestedServerName: tls?.serverName ?? filtered?.serverName ?? '',
  };
  if (filtered === undefined && tls === undefined) return info;
  const { remoteAddress, ja3, ja4, metadata } = filtered ?? {};
  return {
    ...info,
    ssl: tls,
    localAddressRestored: filtered?.localAddressRestored,
    remoteAddress: remoteAddress === directRemoteAddress ? undefined : remoteAddress,
    ja3,
    ja4,
    metadata,
    filterState: filtered?.setFilterState,
  };
}
