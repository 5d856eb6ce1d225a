import { optionsFor, type ListenerAddress } from '@weft/model-listener';
import { setSocketOption } from '@weft/net-descriptors';
import { listenForSockets, type SocketListener } from '@weft/net-tcp';
import type { ServerContext, SocketGrant } from '@weft/proxy-filter-api';
import type { Socket } from 'node:net';
import { pathOf } from './accepted-addresses.ts';
import { DatagramListener } from './datagram-listener.ts';
import type { PreparedListener } from './prepared-listener.ts';

/** Whose socket it is, and who gets what it accepts. */
export interface SocketOwner {
  readonly prepared: PreparedListener;
  readonly server: ServerContext;
  readonly onSocket: (socket: Socket) => void;
}

/** Binds an address, or takes the socket that was granted for it, and sets its options. Rejects with the system's error. */
export async function listenOn(
  owner: SocketOwner,
  address: ListenerAddress,
  grant: SocketGrant,
): Promise<SocketListener> {
  const listener = await bindTo(owner, address, grant);
  try {
    const { socketOptions } = owner.prepared.config;
    for (const option of optionsFor(socketOptions, address)) setSocketOption(listener.fd ?? -1, option);
  } catch (error) {
    await listener.close();
    throw error;
  }
  return listener;
}

function bindTo(owner: SocketOwner, address: ListenerAddress, grant: SocketGrant): Promise<SocketListener> {
  const { prepared, server, onSocket } = owner;
  const { perConnectionBufferLimitBytes, backlog, reusePort, keepalive, protocol } = prepared.config;
  const common = {
    perConnectionBufferLimitBytes,
    backlog,
    reusePort: grant.reusePort ?? reusePort,
    timers: server.runtime.timers,
    ...(keepalive === undefined ? {} : { keepAlive: keepalive }),
    ...(grant.fd === undefined ? {} : { fd: grant.fd }),
  };
  if (address.kind === 'socket') {
    const { ip, port, ipv4Compat } = address;
    if (protocol === 'UDP') return DatagramListener.bind({ ...address, port: grant.port ?? port }, prepared, server);
    return listenForSockets({ address: ip, port: grant.port ?? port, ipv4Compat, ...common }, onSocket);
  }
  const path = pathOf(address) ?? '';
  const mode = address.kind === 'pipe' && address.mode !== 0 ? { mode: address.mode } : {};
  return listenForSockets({ address: '', port: 0, path, ...mode, ...common }, onSocket);
}
