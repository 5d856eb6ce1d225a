import type { SocketAddress } from '@weft/core-http';
import { listenerAddressText, type ListenerAddress } from '@weft/model-listener';
import { addressOf, sharedAddressOf } from '@weft/net-tcp';
import type { Socket } from 'node:net';

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
