import { chmodSync, closeSync, existsSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
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
  /**
   * Accepts nothing until `resume`, and keeps the socket: clients wait in its queue. `duplicate` gives a second descriptor,
   * which holds the socket while Node closes its own: Node has no other way to stop accepting. Throws what it throws.
   */
  suspend(duplicate: (fd: number) => number): void;
  resume(): void;
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
  // Node removes the path that it bound when it closes; another process may have the socket by then. So it binds one name,
  // and clients get to see another. A socket that is there already has its name.
  const bindPath = path === undefined || path.startsWith('@') || options.fd !== undefined ? path : besides(path);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const ready = (): void => {
      server.removeListener('error', reject);
      // Accepting can fail for a while (no file descriptors left): that connection is lost, the listener lives on.
      server.on('error', () => undefined);
      if (bindPath !== undefined && path !== undefined && bindPath !== path) {
        if (options.mode !== undefined) chmodSync(bindPath, options.mode);
        renameSync(bindPath, path);
      }
      resolve(new BoundListener(server, path, options.backlog ?? 128));
    };
    if (options.fd !== undefined) server.listen({ fd: options.fd, backlog: options.backlog ?? 128 }, ready);
    else if (path !== undefined && bindPath !== undefined) {
      removeStaleSocket(path);
      if (bindPath !== path && existsSync(path)) {
        reject(Object.assign(new Error(`listen EADDRINUSE: ${path} is no socket`), { code: 'EADDRINUSE' }));
        return;
      }
      server.listen({ path: systemPath(bindPath), backlog: options.backlog ?? 128 }, ready);
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

let lastPath = 0;

/** A name in the same folder that nothing else has. Short: the whole path of a socket has 107 bytes. */
function besides(path: string): string {
  lastPath += 1;
  return join(dirname(path), `.${process.pid}.${threadId}.${lastPath}`);
}

class BoundListener implements SocketListener {
  readonly address: SocketAddress;
  private readonly server: Server;
  private readonly backlog: number;
  /** Keeps the socket while it is suspended. */
  private held: number | undefined;

  constructor(server: Server, path: string | undefined, backlog: number) {
    this.server = server;
    this.backlog = backlog;
    const bound = server.address() as AddressInfo;
    this.address = path === undefined ? socketAddress(bound.address, bound.port) : { ip: path, port: 0, text: path };
  }

  get fd(): number | undefined {
    if (this.held !== undefined) return this.held;
    const fd = (this.server as unknown as { readonly _handle?: { readonly fd?: number } })._handle?.fd;
    return fd === undefined || fd < 0 ? undefined : fd;
  }

  suspend(duplicate: (fd: number) => number): void {
    const { fd } = this;
    if (this.held !== undefined || fd === undefined) return;
    this.held = duplicate(fd);
    this.server.close();
  }

  resume(): void {
    const { held } = this;
    if (held === undefined) return;
    this.held = undefined;
    this.server.listen({ fd: held, backlog: this.backlog });
  }

  close(): Promise<void> {
    if (this.held !== undefined) {
      closeSync(this.held);
      this.held = undefined;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.server.close(() => resolve());
    });
  }
}
