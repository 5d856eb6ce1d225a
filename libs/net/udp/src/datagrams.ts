import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { socketAddress, type SocketAddress } from '@weft/core-http';

/** An IP address and a port. */
export interface DatagramAddress {
  readonly ip: string;
  readonly port: number;
}

export interface DatagramBindOptions extends DatagramAddress {
  /** Several sockets share the port; the system spreads peers over them. Default false. */
  readonly reusePort?: boolean;
  /** An IPv6 socket takes IPv4 peers too. Default false. */
  readonly ipv4Compat?: boolean;
}

/** Gets what a socket hears. All calls come from the event loop. */
export interface DatagramOwner {
  /** One datagram, which is the owner's. */
  onDatagram(datagram: Buffer, from: SocketAddress): void;
  /** Something could not be sent (`sending`), or received: for a connected socket also that nobody listens there. */
  onDatagramError(error: Error, sending: boolean): void;
}

/** A socket that hears from everybody. */
export interface BoundDatagrams {
  /** Where it is bound: the system's choice where the port was 0. */
  readonly address: SocketAddress;
  sendTo(datagram: Buffer, to: DatagramAddress): void;
  /** Nothing is heard or sent any more. */
  close(): void;
}

/** A socket towards one peer. */
export interface ConnectedDatagrams {
  /** Undefined until it is connected. */
  readonly localAddress: SocketAddress | undefined;
  send(datagram: Buffer): void;
  close(): void;
}

/** Binds. Rejects with the system's error: EADDRINUSE, EACCES … */
export function bindDatagrams(options: DatagramBindOptions, owner: DatagramOwner): Promise<BoundDatagrams> {
  const socket = open(options.ip, { ipv6Only: options.ipv4Compat !== true, reusePort: options.reusePort ?? false });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: options.ip, port: options.port }, () => {
      socket.removeListener('error', reject);
      resolve(new Bound(socket, owner));
    });
  });
}

/** A socket towards `to`. What is sent before it is connected waits for that. */
export function connectDatagrams(to: DatagramAddress, owner: DatagramOwner): ConnectedDatagrams {
  return new Connected(open(to.ip, {}), to, owner);
}

function open(ip: string, options: { ipv6Only?: boolean; reusePort?: boolean }): Socket {
  const v6 = ip.includes(':');
  // Addresses are looked up for each datagram; ours are none to look up.
  const lookup: Lookup = (address, _options, callback) => callback(null, address, v6 ? 6 : 4);
  return createSocket({
    type: v6 ? 'udp6' : 'udp4',
    lookup: lookup as never,
    ...(v6 && options.ipv6Only === true ? { ipv6Only: true } : {}),
    ...(options.reusePort === true ? { reusePort: true } : {}),
  });
}

type Lookup = (
  address: string,
  options: unknown,
  callback: (error: null, address: string, family: number) => void,
) => void;

class Bound implements BoundDatagrams {
  readonly address: SocketAddress;
  private readonly socket: Socket;
  private readonly owner: DatagramOwner;
  private closed = false;

  constructor(socket: Socket, owner: DatagramOwner) {
    this.socket = socket;
    this.owner = owner;
    const { address, port } = socket.address();
    this.address = socketAddress(address, port);
    socket.on('message', (datagram: Buffer, from: RemoteInfo) => {
      if (!this.closed) owner.onDatagram(datagram, socketAddress(plainIp(from.address), from.port));
    });
    socket.on('error', (error) => {
      if (!this.closed) owner.onDatagramError(error, false);
    });
  }

  sendTo(datagram: Buffer, to: DatagramAddress): void {
    if (this.closed) return;
    this.socket.send(datagram, to.port, this.wireIp(to.ip), this.onSent);
  }
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.socket.close();
  }

  private readonly onSent = (error: Error | null): void => {
    if (error !== null && !this.closed) this.owner.onDatagramError(error, true);
  };

  /** IPv4 peers of an IPv6 socket. */
  private wireIp(ip: string): string {
    return this.address.ip.includes(':') && !ip.includes(':') ? `::ffff:${ip}` : ip;
  }
}

class Connected implements ConnectedDatagrams {
  localAddress: SocketAddress | undefined;
  private readonly socket: Socket;
  private readonly owner: DatagramOwner;
  private readonly peer: SocketAddress;
  private waiting: Buffer[] | undefined = [];
  private closed = false;

  constructor(socket: Socket, to: DatagramAddress, owner: DatagramOwner) {
    this.socket = socket;
    this.owner = owner;
    this.peer = socketAddress(to.ip, to.port);
    socket.on('message', (datagram: Buffer) => {
      if (!this.closed) owner.onDatagram(datagram, this.peer);
    });
    socket.on('error', (error) => {
      if (!this.closed) owner.onDatagramError(error, false);
    });
    socket.connect(to.port, to.ip, () => this.onConnected());
  }

  send(datagram: Buffer): void {
    if (this.closed) return;
    if (this.waiting !== undefined) this.waiting.push(datagram);
    else this.socket.send(datagram, this.onSent);
  }
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.waiting = [];
    this.socket.close();
  }

  private onConnected(): void {
    if (this.closed) return;
    const { address, port } = this.socket.address();
    this.localAddress = socketAddress(address, port);
    const waiting = this.waiting ?? [];
    this.waiting = undefined;
    for (const datagram of waiting) this.send(datagram);
  }

  private readonly onSent = (error: Error | null): void => {
    if (error !== null && !this.closed) this.owner.onDatagramError(error, true);
  };
}

/** An IPv4 peer of an IPv6 socket by its IPv4 address. */
function plainIp(ip: string): string {
  return ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice(7) : ip;
}
