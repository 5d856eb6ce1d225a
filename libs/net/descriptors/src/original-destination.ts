import { libc } from './libc.ts';

// From the Linux headers in.h, in6.h and netfilter_ipv4.h: one name of an option in two levels.
const SOL_IP = 0;
const SOL_IPV6 = 41;
const SO_ORIGINAL_DST = 80;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCKADDR_IN6_BYTES = 28;

/** An IP address without brackets, and a port. */
export interface Destination {
  readonly ip: string;
  readonly port: number;
}

/**
 * Where a connection was going before iptables redirected it to this process; undefined where it was not. `family` is that of
 * the connection, so IPv4 for an IPv4 client of an IPv6 socket. Throws a sentence where the C library cannot be called.
 */
export function originalDestination(fd: number, family: 'IPv4' | 'IPv6'): Destination | undefined {
  const value = Buffer.alloc(SOCKADDR_IN6_BYTES);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(value.length);
  const level = family === 'IPv6' ? SOL_IPV6 : SOL_IP;
  return libc().getsockopt(fd, level, SO_ORIGINAL_DST, value, length) === 0 ? parseSockaddr(value) : undefined;
}

/** A sockaddr_in or sockaddr_in6 of Linux on a little-endian machine; undefined for other families. */
export function parseSockaddr(bytes: Buffer): Destination | undefined {
  const family = bytes.readUInt16LE(0);
  const port = bytes.readUInt16BE(2);
  if (family === AF_INET) return { ip: bytes.subarray(4, 8).join('.'), port };
  if (family !== AF_INET6) return undefined;
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(8 + 2 * i).toString(16));
  // The URL parser writes IPv6 addresses as RFC 5952 wants them.
  return { ip: new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1), port };
}
