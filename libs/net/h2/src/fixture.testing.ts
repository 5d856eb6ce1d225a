import { turnWrites } from '@weft/core-bytes';
import { RecordingTransport } from '@weft/core-bytes/testing';
import type {
  RequestHeaderMap,
  RequestReceiver,
  ResponseHeaderMap,
  ServerCodecCallbacks,
  ServerStream,
} from '@weft/core-http';
import { RecordingReceiver } from '@weft/core-http/testing';
import { Http2ClientCodec } from './client-codec.ts';
import { CLIENT_PREFACE, ErrorCode, Flag, FrameType } from './frame.ts';
import { HpackDecoder } from './hpack/index.ts';
import { Http2ServerCodec } from './server-codec.ts';
import {
  http2ClientSettings,
  http2ServerSettings,
  type Http2ClientSettings,
  type Http2ServerSettings,
} from './settings.ts';

export type Fields = readonly (readonly [name: string, value: string])[];

export const GET: Fields = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/a?b'],
  [':authority', 'h.test'],
];
export const POST: Fields = [[':method', 'POST'], ...GET.slice(1)];
export const OK: Fields = [[':status', '200']];

// ---- what a peer sends

export function frame(type: number, flags: number, streamId: number, payload: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(payload as string, 'latin1');
  const head = Buffer.alloc(9);
  head.writeUIntBE(bytes.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, bytes]);
}

/** Literals that enter no table, so that any name and value can be sent. */
export function block(fields: Fields): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

export function headers(streamId: number, fields: Fields, end = true): Buffer {
  return frame(FrameType.headers, Flag.endHeaders | (end ? Flag.endStream : 0), streamId, block(fields));
}
export function data(streamId: number, body: Buffer | string, end = false): Buffer {
  return frame(FrameType.data, end ? Flag.endStream : 0, streamId, body);
}
export function settings(...entries: [id: number, value: number][]): Buffer {
  return frame(FrameType.settings, 0, 0, settingsPayload(...entries));
}
export function settingsPayload(...entries: [id: number, value: number][]): Buffer {
  const payload = Buffer.alloc(entries.length * 6);
  entries.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, i * 6);
    payload.writeUInt32BE(value, i * 6 + 2);
  });
  return payload;
}
export function windowUpdate(streamId: number, increment: number): Buffer {
  return frame(FrameType.windowUpdate, 0, streamId, words(increment));
}
export function rstStream(streamId: number, code: number): Buffer {
  return frame(FrameType.rstStream, 0, streamId, words(code));
}
export function goAway(lastStreamId: number, code: number = ErrorCode.noError): Buffer {
  return frame(FrameType.goAway, 0, 0, words(lastStreamId, code));
}
export function ping(ack = false): Buffer {
  return frame(FrameType.ping, ack ? Flag.ack : 0, 0, '12345678');
}
export function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32BE(value, i * 4));
  return bytes;
}

// ---- what a codec sent

const TYPE_NAMES = Object.fromEntries(Object.entries(FrameType).map(([name, type]) => [type, name]));
const CODE_NAMES = Object.fromEntries(Object.entries(ErrorCode).map(([name, code]) => [code, name]));

/** Reads what a codec sends, as lines: `headers 1 end :status=200`, `data 1 hello`, `rstStream 1 protocolError`. */
export class SentReader {
  private readonly decoder = new HpackDecoder(4096);
  private bytes: Buffer = Buffer.alloc(0);
  /** DATA octets seen, by stream. */
  readonly dataBytes = new Map<number, number>();

  constructor(preface = 0) {
    this.skip = preface;
  }
  private skip: number;

  read(bytes: Buffer): string[] {
    this.bytes = Buffer.concat([this.bytes, bytes]);
    const lines: string[] = [];
    if (this.skip > 0) {
      this.bytes = this.bytes.subarray(this.skip);
      this.skip = 0;
    }
    while (this.bytes.length >= 9) {
      const length = this.bytes.readUIntBE(0, 3);
      const payload = this.bytes.subarray(9, 9 + length);
      lines.push(this.line(this.bytes[3], this.bytes[4], this.bytes.readUInt32BE(5), payload));
      this.bytes = this.bytes.subarray(9 + length);
    }
    return lines;
  }

  private line(type: number, flags: number, streamId: number, payload: Buffer): string {
    const name = `${TYPE_NAMES[type]} ${streamId}`;
    const end = (flags & 1) !== 0 ? ' end' : '';
    switch (type) {
      case FrameType.headers:
        return `${name}${end}${this.fields(payload)}`;
      case FrameType.data:
        this.dataBytes.set(streamId, (this.dataBytes.get(streamId) ?? 0) + payload.length);
        return `${name}${end} ${payload.length > 40 ? payload.length : payload.toString('latin1')}`.trim();
      case FrameType.rstStream:
        return `${name} ${CODE_NAMES[payload.readUInt32BE(0)]}`;
      case FrameType.goAway:
        return `goAway ${payload.readUInt32BE(0)} ${CODE_NAMES[payload.readUInt32BE(4)]}`;
      case FrameType.windowUpdate:
        return `${name} ${payload.readUInt32BE(0)}`;
      default:
        return `${TYPE_NAMES[type]}${end === '' ? '' : ' ack'}`;
    }
  }

  private fields(payload: Buffer): string {
    let line = '';
    this.decoder.decode(payload, 0, payload.length, { field: (name, value) => (line += ` ${name}=${value}`) });
    return line;
  }
}

/** Lets the turn end, and takes what was written; the peer reads all of it. */
export function takeWritten(transport: RecordingTransport): Buffer {
  turnWrites.flush();
  transport.drain();
  return Buffer.from(transport.take(), 'latin1');
}

/** One request that reached a server codec's user, with the stream to answer it on. */
export class Request extends RecordingReceiver<RequestHeaderMap> {
  readonly stream: ServerStream;
  constructor(stream: ServerStream) {
    super();
    this.stream = stream;
  }
}

/** A server codec on a recording transport. `send` is what the client sends, `sent()` what it gets. */
export class ServerSide implements ServerCodecCallbacks {
  readonly transport: RecordingTransport;
  readonly codec: Http2ServerCodec;
  readonly settings: Http2ServerSettings;
  readonly requests: Request[] = [];
  readonly faults: string[] = [];
  readonly reader = new SentReader();
  idles = 0;
  onRefusedHead: (details: string, malformed: boolean) => void = () => undefined;
  /** Called with every request once its head is there. */
  onRequest: (request: Request) => void = () => undefined;

  /** The client has sent its preface and settings, and both were answered, unless `greet` is false. */
  constructor(changes: Partial<Http2ServerSettings> = {}, { highWatermark = Infinity, greet = true } = {}) {
    this.transport = new RecordingTransport(highWatermark);
    this.settings = http2ServerSettings(changes);
    this.codec = new Http2ServerCodec(this.transport, this, this.settings);
    if (!greet) return;
    this.send(CLIENT_PREFACE, settings());
    this.sent();
  }
  newStream(stream: ServerStream): RequestReceiver {
    const request = new Request(stream);
    this.requests.push(request);
    const take = request.headers.bind(request);
    request.headers = (head, end) => {
      take(head, end);
      this.onRequest(request);
    };
    return request;
  }
  onProtocolError(details: string): void {
    this.faults.push(details);
  }
  onIdle(): void {
    this.idles += 1;
  }
  send(...pieces: Buffer[]): this {
    for (const piece of pieces) this.codec.onData(piece);
    return this;
  }
  sent(): string[] {
    return this.reader.read(takeWritten(this.transport));
  }
  get last(): Request {
    return this.requests[this.requests.length - 1];
  }
}

/** A client codec on a recording transport. `send` is what the server sends, `sent()` what it gets. */
export class ClientSide {
  readonly transport: RecordingTransport;
  readonly codec: Http2ClientCodec;
  readonly settings: Http2ClientSettings;
  readonly faults: string[] = [];
  readonly limits: number[] = [];
  readonly reader = new SentReader(CLIENT_PREFACE.length);
  ends = 0;
  goAways = 0;

  /** The server has sent its settings, and both sides' were answered, unless `greet` is false. */
  constructor(changes: Partial<Http2ClientSettings> = {}, { highWatermark = Infinity, greet = true } = {}) {
    this.transport = new RecordingTransport(highWatermark);
    this.settings = http2ClientSettings(changes);
    this.codec = new Http2ClientCodec(this.transport, this, this.settings);
    if (!greet) return;
    this.send(settings());
    this.sent();
  }
  onStreamEnd(): void {
    this.ends += 1;
  }
  onMaxConcurrentStreams(limit: number): void {
    this.limits.push(limit);
  }
  onGoAway(): void {
    this.goAways += 1;
  }
  onProtocolError(details: string): void {
    this.faults.push(details);
  }
  request(head: RequestHeaderMap, end = true) {
    const receiver = new RecordingReceiver<ResponseHeaderMap>();
    const stream = this.codec.newStream(receiver);
    stream.headers(head, end);
    return { receiver, stream };
  }
  send(...pieces: Buffer[]): this {
    for (const piece of pieces) this.codec.onData(piece);
    return this;
  }
  sent(): string[] {
    return this.reader.read(takeWritten(this.transport));
  }
}

/** Every way to cut `bytes` into two pieces, and all its octets one by one. */
export function* cuts(bytes: Buffer): Generator<Buffer[]> {
  for (let at = 0; at <= bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
  yield [...bytes].map((octet) => Buffer.from([octet]));
}
