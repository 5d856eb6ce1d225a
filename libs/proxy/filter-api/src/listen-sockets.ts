/** A listening socket that a listener wants: the name and the address of its configuration. */
export interface SocketWish {
  readonly listener: string;
  /** `127.0.0.1:80`, `[::1]:80`, `udp://127.0.0.1:53` or the path of a Unix socket. */
  readonly address: string;
  readonly reusePort: boolean;
}

/** How to get a socket. Nothing given: bind as configured. */
export interface SocketGrant {
  /** A socket that listens already (of the process before this one, or of another worker); it belongs to who asked. */
  readonly fd?: number;
  /** The port to bind where the configured one is 0: what another worker got. */
  readonly port?: number;
  /** Several workers bind the same port. */
  readonly reusePort?: boolean;
}

/** Where listeners get their sockets from when they are not alone: several workers, or a hot restart. */
export interface ListenSockets {
  /** True: an address that can be bound now is this process's to bind, since nobody hands it over or binds it beside. */
  readonly alone: boolean;
  /** Asked before each bind. Rejects with a sentence where there is no socket to be had. */
  claim(wish: SocketWish): Promise<SocketGrant>;
  /** It listens. `fd` is undefined where the platform does not tell. */
  bound(wish: SocketWish, socket: { readonly port: number; readonly fd: number | undefined }): void;
  /** It is closed, or about to be. */
  released(wish: SocketWish): void;
}
