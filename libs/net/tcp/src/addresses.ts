import type { SocketAddress } from '@weft/core-http';

/**
 * The address of one end of a socket. Its text is made when somebody asks: ten thousand idle connections are asked for none.
 */
class EndAddress implements SocketAddress {
  readonly ip: string;
  readonly port: number;

  constructor(ip: string, port: number) {
    this.ip = ip;
    this.port = port;
  }

  get text(): string {
    return this.ip.includes(':') ? `[${this.ip}]:${this.port}` : `${this.ip}:${this.port}`;
  }
}

let last: SocketAddress = new EndAddress('', 0);

/** An address as the system names it: an IPv4 client of an IPv6 listener by its IPv4 address, a Unix socket by its path. */
export function addressOf(ip: string | undefined, port = 0, path = ''): SocketAddress {
  if (ip === undefined) return { ip: path, port: 0, text: path };
  return new EndAddress(ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice(7) : ip, port);
}

/** As `addressOf`, for the end of a listener: its connections nearly all share one address, and so one object. */
export function sharedAddressOf(ip: string | undefined, port = 0, path = ''): SocketAddress {
  const { ip: lastIp, port: lastPort } = last;
  if (ip !== undefined && ip === lastIp && port === lastPort) return last;
  last = addressOf(ip, port, path);
  return last;
}

/** Envoy writes abstract Unix sockets with `@`, the system with NUL. */
export function systemPath(path: string): string {
  return path.startsWith('@') ? `\0${path.slice(1)}` : path;
}
