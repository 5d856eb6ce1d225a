import { RecordingTransport } from '@weft/core-bytes/testing';
import type { RequestHeaderMap, ResponseHeaderMap, ServerStream } from '@weft/core-http';
import { RecordingReceiver } from '@weft/core-http/testing';
import { Http1ClientCodec } from './client-codec.ts';
import { Http1ServerCodec } from './server-codec.ts';
import {
  http1ClientSettings,
  http1ServerSettings,
  type Http1ClientSettings,
  type Http1ServerSettings,
} from './settings.ts';

/** One request that reached a server codec's user, with the stream to answer it on. */
export class Request extends RecordingReceiver<RequestHeaderMap> {
  readonly stream: ServerStream;
  constructor(stream: ServerStream) {
    super();
    this.stream = stream;
  }
  /** `METHOD authority path` and the fields, as one text. */
  get text(): string {
    const { head } = this;
    if (head === undefined) return '';
    return `${head.method} ${head.authority} ${head.path} ${[...head].map(([n, v]) => `${n}=${v}`).join(' ')}`.trim();
  }
}

/** A server codec on a recording transport. `send` is what the client sends, `sent()` what it gets. */
export class ServerSide {
  readonly transport: RecordingTransport;
  readonly codec: Http1ServerCodec;
  readonly requests: Request[] = [];
  readonly faults: string[] = [];
  idles = 0;
  /** Called with every request once its head is there. */
  onRequest: (request: Request) => void = () => undefined;

  constructor(settings: Partial<Http1ServerSettings> = {}, highWatermark = Infinity) {
    this.transport = new RecordingTransport(highWatermark);
    this.codec = new Http1ServerCodec(this.transport, this, http1ServerSettings(settings));
  }
  newStream(stream: ServerStream): Request {
    const request = new Request(stream);
    this.requests.push(request);
    const { onRequest } = this;
    const headers = request.headers.bind(request);
    request.headers = (head, end) => {
      headers(head, end);
      onRequest(request);
    };
    return request;
  }
  onProtocolError(details: string): void {
    this.faults.push(details);
  }
  onIdle(): void {
    this.idles += 1;
  }
  send(...pieces: string[]): this {
    for (const piece of pieces) this.codec.onData(Buffer.from(piece, 'latin1'));
    return this;
  }
  sent(): string {
    return this.transport.take();
  }
  get last(): Request {
    return this.requests[this.requests.length - 1];
  }
}

/** A client codec on a recording transport. `send` is what the server sends, `sent()` what it gets. */
export class ClientSide {
  readonly transport: RecordingTransport;
  readonly codec: Http1ClientCodec;
  readonly faults: string[] = [];
  ends = 0;
  goAways = 0;
  resets: string[] = [];

  constructor(settings: Partial<Http1ClientSettings> = {}, highWatermark = Infinity) {
    this.transport = new RecordingTransport(highWatermark);
    this.codec = new Http1ClientCodec(this.transport, this, http1ClientSettings(settings));
  }
  onStreamEnd(): void {
    this.ends += 1;
  }
  onStreamReset(reason: string): void {
    this.resets.push(reason);
  }
  onMaxConcurrentStreams(): void {
    throw new Error('HTTP/1.1 says no such thing');
  }
  onGoAway(): void {
    this.goAways += 1;
  }
  onProtocolError(details: string): void {
    this.faults.push(details);
  }
  request(headers: RequestHeaderMap, end = true) {
    const receiver = new RecordingReceiver<ResponseHeaderMap>();
    const stream = this.codec.newStream(receiver);
    stream.headers(headers, end);
    return { receiver, stream };
  }
  send(...pieces: string[]): this {
    for (const piece of pieces) this.codec.onData(Buffer.from(piece, 'latin1'));
    return this;
  }
  sent(): string {
    return this.transport.take();
  }
}

/** After the turn of the event loop in which it is called: what codecs gather is written by then. */
export function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Every way to cut `text` into two pieces, and all its octets one by one. */
export function* cuts(text: string): Generator<string[]> {
  for (let at = 0; at <= text.length; at++) yield [text.slice(0, at), text.slice(at)];
  yield [...text];
}
