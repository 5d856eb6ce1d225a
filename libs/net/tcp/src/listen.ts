import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { socketAddress, type SocketAddress } from '@weft/core-http';
import { systemPath } from './addresses.ts';
import type { ListenOptions } from './options.ts';
import { DEFAULT_BUFFER_LIMIT_BYTES, SocketTransport } from './socket-transport.ts';

/** A bound socket that accepts connections. */
export interface SocketListener {
  /** Where it is bound: the system's choice where the port was 0. */
  readonly address: SocketAddress;
  /** The socket's descriptor, for who passes it on to another worker or process; undefined where Node does not tell. */
  readonly fd: number | undefined;
  /** Accepts no more; connections that are open stay. Resolves when the socket is closed. */
  close(): Promise<void>;
}

/** Binds, and calls `onConnection` with each accepted connection. Rejects with the system's error: EADDRINUSE, EACCES … */
export function listen(
  options: ListenOptions,
  onConnection: (transport: SocketTransport) => void,
): Promise<SocketListener> {
  const { path, timers } = options;
  return listenForSockets(options, (socket) => onConnection(new SocketTransport(socket, timers, { path })));
}

/** As `listen`, for who looks at a connection's first bytes, or secures it, before it becomes a transport. */
export function listenForSockets(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<SocketListener> {
  const { path, perConnectionBufferLimitBytes, keepAlive } = options;
  const server = createServer(
    {
      allowHalfOpen: true,
      noDelay: path === undefined,
      highWaterMark: perConnectionBufferLimitBytes ?? DEFAULT_BUFFER_LIMIT_BYTES,
      ...(keepAlive === undefined ? {} : { keepAlive: true, keepAliveInitialDelay: keepAlive.timeMs ?? 0 }),
    },
    (socket: Socket) => {
      // A peer that is gone before its connection was looked at leaves a socket without addresses.
      if (path === undefined && socket.remoteAddress === undefined) socket.destroy();
      else onSocket(socket);
    },
  );
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const ready = (): void => {
      server.removeListener('error', reject);
      // Accepting can fail for a while (no file descriptors left): that connection is lost, the listener lives on.
      server.on('error', () => undefined);
      if (path !== undefined && options.mode !== undefined && !path.startsWith('@')) chmodSync(path, options.mode);
      resolve(boundTo(server, path));
    };
    if (options.fd !== undefined) server.listen({ fd: options.fd }, ready);
    else if (path !== undefined) {
      removeStaleSocket(path);
      server.listen({ path: systemPath(path), backlog: options.backlog ?? 128 }, ready);
    } else
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

/** What is left of a process that died would keep the path taken; Envoy removes it too. */
function removeStaleSocket(path: string): void {
  if (path.startsWith('@')) return;
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path, { force: true });
}

function boundTo(server: Server, path: string | undefined): SocketListener {
  const bound = server.address() as AddressInfo;
  const fd = (server as unknown as { readonly _handle?: { readonly fd?: number } })._handle?.fd;
  return {
    fd: fd === undefined || fd < 0 ? undefined : fd,
    address: path === undefined ? socketAddress(bound.address, bound.port) : { ip: path, port: 0, text: path },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}
