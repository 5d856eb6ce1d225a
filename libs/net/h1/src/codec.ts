import type { Transport } from '@weft/core-bytes';
import { HeaderMap, type StreamReceiver, type WireBytes } from '@weft/core-http';
import { BodyWriter } from './body-writer.ts';
import type { Details } from './details.ts';
import { receivedFieldBytes, receivedHeadBytes, sentHeadBytes } from './field-bytes.ts';
import { MessageReader, type MessageOwner, type ReaderLimits } from './message-reader.ts';
import { Output } from './output.ts';
import type { Http1Settings } from './settings.ts';
import { TrailerParser } from './trailer-parser.ts';
import { HeadWriter, Promised } from './write-head.ts';

/** What a codec knows of its one stream here. */
interface ActiveStream {
  readonly receiver: StreamReceiver<never> | undefined;
  readonly headSent: boolean;
  readonly bytes: WireBytes | undefined;
}

/** The last chunk's line before trailers, and the empty line behind them. */
const TRAILERS_FRAME_BYTES = 5;

/** What both sides of HTTP/1.1 have in common: one stream at a time, a reader for what comes, an output for what goes. */
export abstract class Http1Codec<S extends ActiveStream> {
  protected stream: S | undefined = undefined;
  protected readonly transport: Transport;
  protected readonly reader: MessageReader;
  protected readonly output: Output;
  protected readonly body: BodyWriter;
  protected readonly headWriter: HeadWriter;
  private readonly shared: Http1Settings;
  /** Where the connection stood when the stream began, or was counted last; only for streams that are counted. */
  private receivedMark = 0;
  private sentMark = 0;

  protected constructor(transport: Transport, settings: Http1Settings, reading: ReaderLimits, writer: HeadWriter) {
    this.transport = transport;
    this.shared = settings;
    // The subclasses are owners.
    this.reader = new MessageReader(transport, this as unknown as MessageOwner, reading);
    this.output = new Output(transport);
    this.body = new BodyWriter(this.output);
    this.headWriter = writer;
  }

  get activeStreams(): number {
    return this.stream === undefined ? 0 : 1;
  }

  onData(chunk: Buffer): void {
    this.reader.push(chunk);
  }

  onDrain(): void {
    this.output.full = false;
    this.stream?.receiver?.drained();
  }

  onEnd(): void {
    this.reader.end();
  }

  pauseStream(): void {
    this.reader.pause();
  }

  resumeStream(): void {
    this.reader.resume();
  }

  /** Makes ready for the body that a head has promised. */
  protected startBody(promised: number): void {
    if (promised >= 0) this.body.start('length', promised);
    else if (promised === Promised.chunked) this.body.start('chunked');
    else if (promised === Promised.untilClose) this.body.start('until close');
    else if (promised === Promised.raw) this.body.start('raw');
    else this.body.start('none');
  }

  /** Writes a piece. False: the body can no longer be as long as its head has promised. */
  protected writePiece(chunk: Buffer, end: boolean): boolean {
    const fits = this.body.write(chunk, end);
    if (fits && !end) this.output.flushSoon();
    return fits;
  }

  /** Writes the end of a body; trailers where they are enabled and its framing has a place for them. */
  protected endWithTrailers(trailers: HeaderMap, bytes: WireBytes | undefined): boolean {
    const { shared, headWriter, output } = this;
    const before = output.total;
    const fits = this.body.writeTrailers(
      shared.enableTrailers ? trailers : undefined,
      trailers.spelling ?? headWriter.spelling,
    );
    if (bytes !== undefined) addHeaderSent(bytes, Math.max(0, output.total - before - TRAILERS_FRAME_BYTES));
    return fits;
  }

  // ---- counting, for streams that are to be counted

  /** The stream's share begins behind `received` and `sent` octets of the connection's. */
  protected beginCount(received: number, sent: number): void {
    this.receivedMark = received;
    this.sentMark = sent;
  }

  /** Adds what passed since: all that was sent, and of what came the first `received` octets. */
  protected countUpTo(bytes: WireBytes, received: number): void {
    bytes.received += received - this.receivedMark;
    bytes.sent += this.output.total - this.sentMark;
    this.beginCount(received, this.output.total);
  }

  protected countHeadSent(bytes: WireBytes | undefined, head: string): void {
    if (bytes !== undefined) addHeaderSent(bytes, sentHeadBytes(head));
  }

  protected countHeadReceived(bytes: WireBytes, section: Buffer, from: number, to: number): void {
    addHeaderReceived(bytes, receivedHeadBytes(section, from, to));
  }

  /** The trailers in `bytes[from..to)`; why they are refused; undefined where there is nothing to pass on. */
  protected readTrailers(bytes: Buffer, from: number, to: number): HeaderMap | Details | undefined {
    const counted = this.stream?.bytes;
    if (counted !== undefined && this.shared.enableTrailers)
      addHeaderReceived(counted, receivedFieldBytes(bytes, from, to));
    const trailers = new TrailerParser(this.shared).parse(bytes, from, to);
    if (!(trailers instanceof HeaderMap)) return trailers;
    return this.shared.enableTrailers && trailers.size > 0 ? trailers : undefined;
  }
}

function addHeaderSent(bytes: WireBytes, octets: number): void {
  bytes.headerSent += octets;
  bytes.decompressedHeaderSent += octets;
}

function addHeaderReceived(bytes: WireBytes, octets: number): void {
  bytes.headerReceived += octets;
  bytes.decompressedHeaderReceived += octets;
}
