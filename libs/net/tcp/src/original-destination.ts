import { socketAddress, type SocketAddress } from '@weft/core-http';
import { createRequire } from 'node:module';
import { isIPv6, type Socket } from 'node:net';

/** Asks the system where a connection was going before it was redirected to this process; undefined: it was not. */
export type OriginalDestination = (socket: Socket) => SocketAddress | undefined;

/** The part of koffi that is used here. */
interface ForeignFunctions {
  load(library: string | null): {
    func(declaration: string): (fd: number, level: number, name: number, value: Buffer, size: Buffer) => number;
  };
}

// From the Linux headers in.h, in6.h and netfilter_ipv4.h: one name of an option in two levels.
const SOL_IP = 0;
const SOL_IPV6 = 41;
const SO_ORIGINAL_DST = 80;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCKADDR_IN6_BYTES = 28;

/**
 * Node has no getsockopt, so it is called through koffi, a foreign function library that brings its binaries. Loaded by the
 * first listener that asks for original destinations, never by others. The text says why there is none.
 */
export function loadOriginalDestination(): OriginalDestination | string {
  if (process.platform !== 'linux')
    return `original destinations are known on Linux only, and this is ${process.platform}`;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as ForeignFunctions;
    const getsockopt = koffi.load(null).func('int getsockopt(int fd, int level, int name, void *value, void *size)');
    return (socket) => {
      const fd = descriptorOf(socket);
      if (fd === undefined) return undefined;
      const level = isIPv6(socket.localAddress ?? '') && !isMapped(socket) ? SOL_IPV6 : SOL_IP;
      const value = Buffer.alloc(SOCKADDR_IN6_BYTES);
      const size = Buffer.alloc(4);
      size.writeUInt32LE(SOCKADDR_IN6_BYTES);
      return getsockopt(fd, level, SO_ORIGINAL_DST, value, size) === 0 ? parseSockaddr(value) : undefined;
    };
  } catch (error) {
    return `the library koffi, which asks the system for original destinations, cannot be loaded: ${(error as Error).message}`;
  }
}

/** A sockaddr_in or sockaddr_in6 of Linux on a little-endian machine; undefined for other families. */
export function parseSockaddr(bytes: Buffer): SocketAddress | undefined {
  const family = bytes.readUInt16LE(0);
  const port = bytes.readUInt16BE(2);
  if (family === AF_INET) return socketAddress(bytes.subarray(4, 8).join('.'), port);
  if (family !== AF_INET6) return undefined;
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(8 + 2 * i).toString(16));
  // The URL parser writes IPv6 addresses as RFC 5952 wants them.
  return socketAddress(new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1), port);
}

/** An IPv4 client of an IPv6 socket: the kernel knows its destination by the IPv4 option. */
function isMapped(socket: Socket): boolean {
  return socket.localAddress?.startsWith('::ffff:') === true;
}

function descriptorOf(socket: Socket): number | undefined {
  const fd = (socket as unknown as { readonly _handle?: { readonly fd?: number } })._handle?.fd;
  return fd === undefined || fd < 0 ? undefined : fd;
}
