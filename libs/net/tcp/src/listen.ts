import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { socketAddress, type SocketAddress } from '@weft/core-http';
import type { ListenOptions } from './options.ts';
import { SocketTransport } from './socket-transport.ts';

/** A bound socket that accepts connections. */
export interface SocketListener {
  /** Where it is bound: the system's choice where the port was 0. */
  readonly address: SocketAddress;
  /** Accepts no more; connections that are open stay. Resolves when the socket is closed. */
  close(): Promise<void>;
}

/** Binds, and calls `onConnection` with each accepted connection. Rejects with the system's error: EADDRINUSE, EACCES … */
export function listen(options: ListenOptions, onConnection: (transport: SocketTransport) => void): Promise<SocketListener> {
  const { path, perConnectionBufferLimitBytes } = options;
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: false }, (socket: Socket) => {
    // A peer that is gone before its connection was looked at leaves a socket without addresses.
    if (path === undefined && socket.remoteAddress === undefined) socket.destroy();
    else onConnection(new SocketTransport(socket, perConnectionBufferLimitBytes, path ?? ''));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const ready = (): void => {
      server.removeListener('error', reject);
      resolve(boundTo(server, path));
    };
    if (path !== undefined) server.listen({ path, backlog: options.backlog ?? 128 }, ready);
    else
      server.listen(
        {
          host: options.address,
          port: options.port,
          backlog: options.backlog ?? 128,
          ipv6Only: options.address.includes(':') && options.ipv4Compat !== true,
          reusePort: options.reusePort ?? false,
        },
        ready,
      );
  });
}

function boundTo(server: Server, path: string | undefined): SocketListener {
  const bound = server.address() as AddressInfo;
  return {
    address: path === undefined ? socketAddress(bound.address, bound.port) : { ip: path, port: 0, text: path },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}
