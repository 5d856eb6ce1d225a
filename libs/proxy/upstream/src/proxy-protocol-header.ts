import { isIPv4, isIPv6 } from 'node:net';
import type { SocketAddress } from '@weft/core-http';

export type ProxyProtocolVersion = 'V1' | 'V2';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V2_LOCAL = 0x20;
const V2_PROXY = 0x21;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;
const UNSPECIFIED = 0x00;

/**
 * What a connection begins with so that its server knows the client behind the proxy. Source: the PROXY protocol
 * specification, sections 2.1 (text) and 2.2 (binary).
 */
export function proxyHeader(version: ProxyProtocolVersion, source: SocketAddress, destination: SocketAddress): Buffer {
  const family = familyOf(source, destination);
  if (family === undefined) return localProxyHeader(version);
  if (version === 'V1')
    return Buffer.from(
      `PROXY TCP${family} ${source.ip} ${destination.ip} ${source.port} ${destination.port}\r\n`,
      'latin1',
    );
  const addresses = Buffer.concat([addressBytes(source.ip), addressBytes(destination.ip), Buffer.alloc(4)]);
  addresses.writeUInt16BE(source.port, addresses.length - 4);
  addresses.writeUInt16BE(destination.port, addresses.length - 2);
  return binary(V2_PROXY, family === 4 ? TCP_OVER_IPV4 : TCP_OVER_IPV6, addresses);
}

/** For connections that the proxy makes for itself, and for clients without an IP address. */
export function localProxyHeader(version: ProxyProtocolVersion): Buffer {
  return version === 'V1' ? Buffer.from('PROXY UNKNOWN\r\n', 'latin1') : binary(V2_LOCAL, UNSPECIFIED, Buffer.alloc(0));
}

function binary(command: number, family: number, addresses: Buffer): Buffer {
  const head = Buffer.from([command, family, addresses.length >> 8, addresses.length & 255]);
  return Buffer.concat([SIGNATURE, head, addresses]);
}

/** Both addresses must be of one family: the protocol has no room for two. */
function familyOf(source: SocketAddress, destination: SocketAddress): 4 | 6 | undefined {
  if (isIPv4(source.ip) && isIPv4(destination.ip)) return 4;
  return isIPv6(source.ip) && isIPv6(destination.ip) ? 6 : undefined;
}

/** The 4 or 16 octets of an IP address (RFC 4291 section 2.2). */
function addressBytes(ip: string): Buffer {
  if (isIPv4(ip)) return Buffer.from(ip.split('.').map(Number));
  const [text = ''] = ip.split('%');
  const embedded = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const full =
    embedded === null
      ? text
      : `${embedded[1]}${hex16(Number(embedded[2]), Number(embedded[3]))}:${hex16(Number(embedded[4]), Number(embedded[5]))}`;
  const [head = '', tail] = full.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  const bytes = Buffer.alloc(16);
  groups.forEach((group, i) => bytes.writeUInt16BE(Number.parseInt(group, 16), i * 2));
  return bytes;
}

function hex16(high: number, low: number): string {
  return ((high << 8) | low).toString(16);
}
