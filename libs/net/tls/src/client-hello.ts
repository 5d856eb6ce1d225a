/** What a client says before anything is agreed (RFC 8446 section 4.1.2), as far as a proxy chooses by it. */
export interface ClientHello {
  /** The legacy_version field, as on the wire: 0x0303 for TLS 1.2 and 1.3. */
  readonly legacyVersion: number;
  /** Host name of the server_name extension (RFC 6066 section 3), in lower case; `''` without. */
  readonly serverName: string;
  /** Protocols of the ALPN extension (RFC 7301) in the client's order; empty without. */
  readonly alpn: readonly string[];
  /** In the client's order, GREASE values (RFC 8701) included. */
  readonly cipherSuites: readonly number[];
  /** Extension types in the client's order, GREASE values included. */
  readonly extensions: readonly number[];
  /** supported_groups, ec_point_formats, signature_algorithms, supported_versions: empty without the extension. */
  readonly groups: readonly number[];
  readonly pointFormats: readonly number[];
  readonly signatureAlgorithms: readonly number[];
  readonly supportedVersions: readonly number[];
  /** Groups for which the client sent a key already (TLS 1.3). */
  readonly keyShares: readonly number[];
}

export type ClientHelloResult =
  /** Nothing speaks against a ClientHello so far. */
  | { readonly kind: 'more' }
  /** The first bytes are no TLS handshake record: another protocol. */
  | { readonly kind: 'not-tls' }
  /** TLS records, and no well-formed ClientHello in them. */
  | { readonly kind: 'malformed'; readonly reason: string; readonly tooLarge?: true }
  | { readonly kind: 'hello'; readonly hello: ClientHello };

const MORE: ClientHelloResult = { kind: 'more' };
const NOT_TLS: ClientHelloResult = { kind: 'not-tls' };
const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
/** RFC 8446 section 5.1. */
const MAX_RECORD_BYTES = 1 << 14;
/** Far more than any client uses: each costs time whenever more bytes come. */
const MAX_RECORDS = 1024;

/**
 * Reads a ClientHello from the first bytes of a connection, cut anywhere and spread over any number of records. Nothing is
 * kept between calls: give all bytes so far each time. `maxBytes` bounds the hello (default 64 KiB, Envoy's limit).
 */
export function parseClientHello(bytes: Uint8Array, maxBytes = 1 << 16): ClientHelloResult {
  const records = joinRecords(bytes, maxBytes);
  if (!(records instanceof Uint8Array)) return records;
  const reader = new Reader(records, 4, records.length);
  const hello = readHello(reader);
  return reader.failed
    ? { kind: 'malformed', reason: 'a length in the ClientHello is wrong' }
    : { kind: 'hello', hello };
}

/** The handshake message whole, from the records that carry it. */
function joinRecords(bytes: Uint8Array, maxBytes: number): Uint8Array | ClientHelloResult {
  const head = new Uint8Array(4);
  let have = 0;
  let want = 4;
  for (let at = 0, records = 0; ; records += 1) {
    const fault = headFault(bytes, at);
    if (fault !== undefined) return at === 0 ? NOT_TLS : { kind: 'malformed', reason: fault };
    if (records === MAX_RECORDS) return { kind: 'malformed', reason: 'the ClientHello is cut into too many records' };
    if (bytes.length < at + 5) return MORE;
    const length = uint16(bytes, at + 3);
    const there = Math.min(length, bytes.length - at - 5);
    for (let i = 0; have + i < 4 && i < there; i += 1) head[have + i] = bytes[at + 5 + i] ?? 0;
    have += there;
    if (have > 0 && head[0] !== CLIENT_HELLO) return { kind: 'malformed', reason: 'not a ClientHello' };
    if (have >= 4) want = 4 + ((head[1] ?? 0) << 16) + uint16(head, 2);
    if (want > maxBytes)
      return { kind: 'malformed', reason: `the ClientHello is larger than ${maxBytes} bytes`, tooLarge: true };
    if (have >= want) return joined(bytes, want);
    if (there < length) return MORE;
    at += 5 + length;
  }
}

/** What speaks against a handshake record at `at`, as far as its head is there. */
function headFault(bytes: Uint8Array, at: number): string | undefined {
  if (at < bytes.length && bytes[at] !== HANDSHAKE_RECORD) return 'a record of another type inside the ClientHello';
  if (at + 1 < bytes.length && bytes[at + 1] !== 3) return 'a record of another version inside the ClientHello';
  if (at + 5 > bytes.length) return undefined;
  const length = uint16(bytes, at + 3);
  return length === 0 || length > MAX_RECORD_BYTES ? 'a record of a wrong length inside the ClientHello' : undefined;
}

/** The first `length` bytes that the records carry; they are known to be there. */
function joined(bytes: Uint8Array, length: number): Uint8Array {
  if (uint16(bytes, 3) >= length) return bytes.subarray(5, 5 + length);
  const whole = new Uint8Array(length);
  for (let at = 0, done = 0; done < length;) {
    const piece = bytes.subarray(at + 5, at + 5 + Math.min(uint16(bytes, at + 3), length - done));
    whole.set(piece, done);
    done += piece.length;
    at += 5 + piece.length;
  }
  return whole;
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

interface MutableHello {
  legacyVersion: number;
  serverName: string;
  alpn: string[];
  cipherSuites: number[];
  extensions: number[];
  groups: number[];
  pointFormats: number[];
  signatureAlgorithms: number[];
  supportedVersions: number[];
  keyShares: number[];
}

function readHello(reader: Reader): ClientHello {
  const hello: MutableHello = {
    legacyVersion: reader.uint(2),
    serverName: '',
    alpn: [],
    cipherSuites: [],
    extensions: [],
    groups: [],
    pointFormats: [],
    signatureAlgorithms: [],
    supportedVersions: [],
    keyShares: [],
  };
  reader.skip(32); // random
  reader.vector(1); // session id
  hello.cipherSuites = reader.vector(2).list(2);
  reader.vector(1); // compression methods
  if (reader.empty) return hello; // RFC 5246 section 7.4.1.2: extensions may be absent
  const extensions = reader.vector(2);
  if (!reader.empty) reader.fail();
  while (!extensions.empty && !reader.failed) readExtension(extensions, hello);
  return hello;
}

function readExtension(extensions: Reader, hello: MutableHello): void {
  const type = extensions.uint(2);
  const body = extensions.vector(2);
  hello.extensions.push(type);
  switch (type) {
    case 0:
      hello.serverName = readServerName(body);
      break;
    case 10:
      hello.groups = body.vector(2).list(2);
      break;
    case 11:
      hello.pointFormats = body.vector(1).list(1);
      break;
    case 13:
      hello.signatureAlgorithms = body.vector(2).list(2);
      break;
    case 16:
      hello.alpn = readAlpn(body.vector(2));
      break;
    case 43:
      hello.supportedVersions = body.vector(1).list(2);
      break;
    case 51:
      hello.keyShares = readKeyShares(body.vector(2));
      break;
    default:
  }
}

function readServerName(body: Reader): string {
  const names = body.vector(2);
  while (!names.empty) {
    const type = names.uint(1);
    const name = names.vector(2);
    if (type === 0) return name.text().toLowerCase();
  }
  return '';
}

function readKeyShares(list: Reader): number[] {
  const groups: number[] = [];
  while (!list.empty) {
    groups.push(list.uint(2));
    list.vector(2);
  }
  return groups;
}

function readAlpn(list: Reader): string[] {
  const protocols: string[] = [];
  while (!list.empty) protocols.push(list.vector(1).text());
  return protocols;
}

/** Reads big-endian numbers and length-prefixed vectors; past an end it gives zeros and remembers that it failed. */
class Reader {
  private readonly bytes: Uint8Array;
  private readonly end: number;
  private readonly outer: Reader | undefined;
  private at: number;
  failed = false;

  constructor(bytes: Uint8Array, at: number, end: number, outer?: Reader) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.outer = outer;
  }

  get empty(): boolean {
    return this.at >= this.end;
  }

  fail(): void {
    this.failed = true;
    this.at = this.end;
    this.outer?.fail();
  }

  skip(length: number): void {
    if (this.at + length > this.end) this.fail();
    else this.at += length;
  }

  uint(width: 1 | 2): number {
    const from = this.at;
    this.skip(width);
    if (this.failed) return 0;
    return width === 1 ? (this.bytes[from] ?? 0) : uint16(this.bytes, from);
  }

  /** What follows a length of `width` bytes. */
  vector(width: 1 | 2): Reader {
    const length = this.uint(width);
    const from = this.at;
    this.skip(length);
    return this.failed ? new Reader(this.bytes, 0, 0, this) : new Reader(this.bytes, from, from + length, this);
  }

  list(width: 1 | 2): number[] {
    const values: number[] = [];
    while (!this.empty) values.push(this.uint(width));
    return values;
  }

  text(): string {
    let text = '';
    for (let at = this.at; at < this.end; at += 1) text += String.fromCharCode(this.bytes[at] ?? 0);
    return text;
  }
}
