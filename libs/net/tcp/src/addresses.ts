import { socketAddress, type SocketAddress } from '@weft/core-http';

/** An address as the system names it: an IPv4 client of an IPv6 listener by its IPv4 address, a Unix socket by its path. */
export function addressOf(ip: string | undefined, port: number | undefined, path = ''): SocketAddress {
  if (ip === undefined) return { ip: path, port: 0, text: path };
  return socketAddress(ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice(7) : ip, port ?? 0);
}

/** Envoy writes abstract Unix sockets with `@`, the system with NUL. */
export function systemPath(path: string): string {
  return path.startsWith('@') ? `\0${path.slice(1)}` : path;
}
