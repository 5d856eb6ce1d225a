import { socketAddress, type SocketAddress } from '@weft/core-http';
import { isIPv4, isIPv6 } from 'node:net';

/** One type-length-value vector of a version 2 header. */
export interface ProxyTlv {
  readonly type: number;
  readonly value: Buffer;
}

/** A PROXY protocol header. Source: the PROXY protocol specification, sections 2.1 (text) and 2.2 (binary). */
export interface ProxyHeader {
  readonly version: 'v1' | 'v2';
  /** How many bytes it takes. */
  readonly bytes: number;
  /** Undefined for UNKNOWN and LOCAL: the socket's own addresses count. */
  readonly addresses: { readonly source: SocketAddress; readonly destination: SocketAddress } | undefined;
  readonly tlvs: readonly ProxyTlv[];
}

export type ProxyHeaderResult =
  /** Nothing speaks against a header so far. */
  | { readonly kind: 'more' }
  /** No header begins here. */
  | { readonly kind: 'none' }
  | { readonly kind: 'broken'; readonly version: 'v1' | 'v2'; readonly reason: string }
  | { readonly kind: 'header'; readonly header: ProxyHeader };

const V1_START = Buffer.from('PROXY ', 'latin1');
const V2_START = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** The longest text header, its CRLF included. */
const V1_MAX_BYTES = 108;
const V2_HEAD_BYTES = 16;
const MORE: ProxyHeaderResult = { kind: 'more' };

/** Reads a header from the first bytes of a connection, cut anywhere. Nothing is kept: give all bytes so far each time. */
export function parseProxyHeader(
  bytes: Buffer,
  versions: { readonly v1: boolean; readonly v2: boolean } = BOTH,
): ProxyHeaderResult {
  const v1 = versions.v1 ? startsLike(bytes, V1_START) : 'no';
  if (v1 === 'yes') return parseV1(bytes);
  const v2 = versions.v2 ? startsLike(bytes, V2_START) : 'no';
  if (v2 === 'yes') return parseV2(bytes);
  return v1 === 'maybe' || v2 === 'maybe' ? MORE : { kind: 'none' };
}

const BOTH = { v1: true, v2: true };

function startsLike(bytes: Buffer, start: Buffer): 'yes' | 'maybe' | 'no' {
  const length = Math.min(bytes.length, start.length);
  if (bytes.compare(start, 0, length, 0, length) !== 0) return 'no';
  return bytes.length >= start.length ? 'yes' : 'maybe';
}

function parseV1(bytes: Buffer): ProxyHeaderResult {
  const broken = (reason: string): ProxyHeaderResult => ({ kind: 'broken', version: 'v1', reason });
  const end = bytes.subarray(0, V1_MAX_BYTES).indexOf('\r\n');
  if (end === -1) return bytes.length >= V1_MAX_BYTES ? broken('its line does not end') : MORE;
  const [, family, source = '', destination = '', ...ports] = bytes.toString('latin1', 0, end).split(' ');
  const header = (addresses: ProxyHeader['addresses']): ProxyHeaderResult => ({
    kind: 'header',
    header: { version: 'v1', bytes: end + 2, addresses, tlvs: [] },
  });
  if (family === 'UNKNOWN') return header(undefined);
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : undefined;
  if (isAddress === undefined) return broken('its protocol is none of TCP4, TCP6 and UNKNOWN');
  if (!isAddress(source) || !isAddress(destination)) return broken(`an address is not one of ${family}`);
  if (ports.length !== 2 || !ports.every(isPort)) return broken('it does not end in two ports');
  return header({
    source: socketAddress(source, Number(ports[0])),
    destination: socketAddress(destination, Number(ports[1])),
  });
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65535;
}

function parseV2(bytes: Buffer): ProxyHeaderResult {
  const broken = (reason: string): ProxyHeaderResult => ({ kind: 'broken', version: 'v2', reason });
  if (bytes.length < V2_HEAD_BYTES) return MORE;
  const command = bytes.readUInt8(12);
  const family = bytes.readUInt8(13);
  const length = bytes.readUInt16BE(14);
  if (command >> 4 !== 2) return broken('its version is not 2');
  const local = (command & 15) === 0;
  if (!local && (command & 15) !== 1) return broken('its command is neither LOCAL nor PROXY');
  const layout = LAYOUTS.get(family >> 4);
  if (!local) {
    const transport = family & 15;
    if (transport !== 1 && transport !== 2) return broken('its transport is neither STREAM nor DGRAM');
    if (layout === undefined) return broken('its address family is neither IPv4 nor IPv6');
    if (length < layout.bytes) return broken('it is too short for its addresses');
  }
  const total = V2_HEAD_BYTES + length;
  if (bytes.length < total) return MORE;
  const body = bytes.subarray(V2_HEAD_BYTES, total);
  if (local || layout === undefined)
    return { kind: 'header', header: { version: 'v2', bytes: total, addresses: undefined, tlvs: [] } };
  const tlvs = parseTlvs(body.subarray(layout.bytes));
  if (tlvs === undefined) return broken('a TLV is cut');
  return { kind: 'header', header: { version: 'v2', bytes: total, addresses: layout.read(body), tlvs } };
}

interface Layout {
  readonly bytes: number;
  readonly read: (body: Buffer) => ProxyHeader['addresses'];
}

const LAYOUTS: ReadonlyMap<number, Layout> = new Map([
  [1, { bytes: 12, read: (body) => pair(body, 4, (at) => body.subarray(at, at + 4).join('.')) }],
  [2, { bytes: 36, read: (body) => pair(body, 16, (at) => ipv6Text(body.subarray(at, at + 16))) }],
]);

/** Source address, destination address, source port, destination port. */
function pair(body: Buffer, width: number, text: (at: number) => string): ProxyHeader['addresses'] {
  return {
    source: socketAddress(text(0), body.readUInt16BE(2 * width)),
    destination: socketAddress(text(width), body.readUInt16BE(2 * width + 2)),
  };
}

/** RFC 5952: lower case, no leading zeros, the first longest run of zero groups as `::`. */
export function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i));
  let start = 0;
  let run = 0;
  for (let i = 0; i < 8; i += 1) {
    let end = i;
    while (end < 8 && groups[end] === 0) end += 1;
    if (end - i > run) {
      start = i;
      run = end - i;
    }
  }
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  return run < 2 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + run))}`;
}

function parseTlvs(bytes: Buffer): ProxyTlv[] | undefined {
  const tlvs: ProxyTlv[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + 3 > bytes.length) return undefined;
    const end = at + 3 + bytes.readUInt16BE(at + 1);
    if (end > bytes.length) return undefined;
    // A copy: what is kept of a connection must not keep all that was read of it.
    tlvs.push({ type: bytes.readUInt8(at), value: Buffer.from(bytes.subarray(at + 3, end)) });
    at = end;
  }
  return tlvs;
}
