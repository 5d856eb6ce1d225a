import type { Transport } from '@weft/core-bytes';
import { CR, LF, findBlankLine, findStrayOctet } from './chars.ts';
import { ChunkedDecoder } from './chunked-decoder.ts';
import { Details } from './details.ts';
import { SectionBuffer } from './section-buffer.ts';

/** Who is told what a MessageReader reads: a codec. May call the reader from inside every call. */
export interface MessageOwner {
  /** A head lies in `bytes[from..to + 4)`. The owner says how its body is found, by one of the reader's `expect…`. */
  onHead(bytes: Buffer, from: number, to: number): void;
  /** A piece of the body; the last one, perhaps empty, has `end`. */
  onBody(chunk: Buffer, end: boolean): void;
  /** The field lines of trailers lie in `bytes[from..to)`; called instead of a last `onBody`. */
  onTrailers(bytes: Buffer, from: number, to: number): void;
  /** The peer sends no more, and all that it sent was read. */
  onInputEnd(): void;
  /** The peer broke the protocol. The owner stops the reader. */
  onFault(status: number, details: Details): void;
}

/**
 * `head` -> (`length` | `chunked` | `until close` | `held` | `idle`); `chunked` -> `trailers`; bodies -> (`held` | `idle`).
 * `held`: what comes waits (a server's next request, bytes before an upgrade is accepted). `idle`: nothing may come (a
 * client's connection between requests). `raw`: bytes are bytes. `over`: they are ignored.
 */
type State = 'head' | 'length' | 'chunked' | 'trailers' | 'until close' | 'raw' | 'held' | 'idle' | 'over';

export interface ReaderLimits {
  readonly sectionBytes: number;
  /** Empty lines before a head are passed over (RFC 9112 section 2.2: servers only). */
  readonly skipEmptyLines: boolean;
}

/** Above so many octets that must wait, the transport is paused. */
const HELD_LIMIT_BYTES = 16 * 1024;
const EMPTY = Buffer.alloc(0);

/** Cuts what a connection brings into heads, pieces of bodies and trailers, and holds back what may not be read yet. */
export class MessageReader {
  private state: State;
  private readonly transport: Transport;
  private readonly owner: MessageOwner;
  private readonly limits: ReaderLimits;
  private readonly chunked = new ChunkedDecoder();
  private readonly section = new SectionBuffer();
  private remaining = 0;
  private current: Buffer | undefined;
  private at = 0;
  private readonly queue: Buffer[] = [];
  private queuedBytes = 0;
  /** Octets that ever came. */
  received = 0;
  private pauses = 0;
  private transportPaused = false;
  private running = false;
  private woken = false;
  private inputEnded = false;

  constructor(transport: Transport, owner: MessageOwner, limits: ReaderLimits) {
    this.transport = transport;
    this.owner = owner;
    this.limits = limits;
    this.state = limits.skipEmptyLines ? 'head' : 'idle';
  }

  /** A body of so many octets (more than 0) follows. */
  expectLength(bytes: number): void {
    this.state = 'length';
    this.remaining = bytes;
  }
  expectChunks(): void {
    this.state = 'chunked';
    this.chunked.start();
  }
  expectUntilClose(): void {
    this.state = 'until close';
  }
  /** No body follows: the next octets wait until `next`. */
  hold(): void {
    this.state = 'held';
  }
  /** No body follows, and nothing else may. */
  idle(): void {
    this.state = 'idle';
    this.clearPauses();
  }
  /** Everything from here on is body, until the connection ends. */
  startRaw(): void {
    this.state = 'raw';
    this.wake();
  }
  /** Reads the next head. */
  next(): void {
    this.state = 'head';
    this.clearPauses();
    this.wake();
  }
  /** Ignores all that comes. */
  stop(): void {
    this.state = 'over';
    this.current = undefined;
    this.queue.length = 0;
    this.queuedBytes = 0;
    this.inputEnded = false;
    this.clearPauses();
  }

  /** Ignores all that comes from now on, and hands over what came and was not read. */
  handOver(): Buffer[] {
    const rest = this.current === undefined ? [] : [this.current.subarray(this.at), ...this.queue];
    this.stop();
    return rest.filter((piece) => piece.length > 0);
  }

  get untilClose(): boolean {
    return this.state === 'until close';
  }
  get raw(): boolean {
    return this.state === 'raw';
  }
  /** Part of a message has come, and its end has not. */
  get inMessage(): boolean {
    const { state } = this;
    return state === 'length' || state === 'chunked' || state === 'trailers' || this.section.length > 0;
  }
  /** A head has begun, or input waits. */
  get hasInput(): boolean {
    return (
      this.section.length > 0 || this.queuedBytes > 0 || (this.current !== undefined && this.at < this.current.length)
    );
  }

  /** Octets that came and were not read yet. */
  private get waiting(): number {
    return this.current === undefined ? 0 : this.queuedBytes + this.current.length - this.at;
  }

  /** Octets that were read. */
  get consumed(): number {
    return this.received - this.waiting;
  }

  pause(): void {
    this.pauses += 1;
    this.updatePause();
  }
  resume(): void {
    if (this.pauses === 0) return;
    this.pauses -= 1;
    if (this.pauses > 0) return;
    this.wake();
    this.updatePause();
  }

  push(chunk: Buffer): void {
    if (this.state === 'over' || chunk.length === 0) return;
    this.received += chunk.length;
    if (this.current === undefined) {
      this.current = chunk;
      this.at = 0;
    } else {
      this.queue.push(chunk);
      this.queuedBytes += chunk.length;
    }
    this.run();
  }

  /** The peer has half-closed. Its last bytes may still be held back here: its end is the owner's after them. */
  end(): void {
    if (this.current === undefined) this.owner.onInputEnd();
    else this.inputEnded = true;
  }

  /** Reads on after the current call stack: whoever resumes a stream does not expect its data from inside that call. */
  private wake(): void {
    if (this.running || this.woken || this.current === undefined) return;
    this.woken = true;
    process.nextTick(runReader, this);
  }

  run(): void {
    this.woken = false;
    if (this.running) return;
    this.running = true;
    while (this.current !== undefined && this.state !== 'held' && this.pauses === 0) {
      if (this.at < this.current.length) this.step(this.current);
      else this.advance();
    }
    this.running = false;
    if (this.current !== undefined && this.at === this.current.length) this.advance();
    if (this.current !== undefined || this.transportPaused) this.updatePause();
    if (this.inputEnded && this.current === undefined) {
      this.inputEnded = false;
      this.owner.onInputEnd();
    }
  }

  private advance(): void {
    this.current = this.queue.shift();
    this.at = 0;
    if (this.current !== undefined) this.queuedBytes -= this.current.length;
  }

  private clearPauses(): void {
    if (this.pauses > 0 || this.transportPaused) {
      this.pauses = 0;
      this.updatePause();
    }
  }

  private updatePause(): void {
    const pause = this.pauses > 0 || (this.state === 'held' && this.waiting > HELD_LIMIT_BYTES);
    if (pause === this.transportPaused) return;
    this.transportPaused = pause;
    if (pause) this.transport.pauseReading();
    else this.transport.resumeReading();
  }

  private step(bytes: Buffer): void {
    switch (this.state) {
      case 'head':
      case 'trailers':
        this.readSection(bytes);
        break;
      case 'length':
        this.readLength(bytes);
        break;
      case 'chunked':
        this.readChunks(bytes);
        break;
      case 'until close':
      case 'raw':
        this.owner.onBody(this.rest(bytes), false);
        break;
      case 'idle':
        this.owner.onFault(400, Details.unexpectedData);
        break;
      default:
        this.current = undefined;
    }
  }

  private rest(bytes: Buffer): Buffer {
    const piece = this.at === 0 ? bytes : bytes.subarray(this.at);
    this.at = bytes.length;
    return piece;
  }

  private readLength(bytes: Buffer): void {
    const available = bytes.length - this.at;
    if (available < this.remaining) {
      this.remaining -= available;
      this.owner.onBody(this.rest(bytes), false);
      return;
    }
    const from = this.at;
    this.at += this.remaining;
    this.remaining = 0;
    this.state = 'held';
    this.owner.onBody(from === 0 && this.at === bytes.length ? bytes : bytes.subarray(from, this.at), true);
  }

  private readChunks(bytes: Buffer): void {
    const { chunked } = this;
    this.at = chunked.decode(bytes, this.at);
    if (chunked.faulty) {
      this.owner.onFault(400, Details.invalidChunk);
      return;
    }
    const { data } = chunked;
    if (data === undefined) {
      if (chunked.last) this.state = 'trailers';
      return;
    }
    // The usual end of a body, `0 CRLF CRLF` right behind the data, saves the receiver an empty last piece.
    const end = chunked.endsAt(bytes, this.at);
    if (end) {
      this.at += 5;
      this.state = 'held';
    }
    this.owner.onBody(data, end);
  }

  private readSection(chunk: Buffer): void {
    let bytes = chunk;
    let from = this.at;
    let searched = from;
    if (this.section.length > 0) {
      searched = Math.max(0, this.section.length - 3);
      this.section.append(chunk, this.at);
      bytes = this.section.kept;
      from = 0;
    }
    if (this.state === 'head' && this.limits.skipEmptyLines) {
      while (bytes[from] === CR && bytes[from + 1] === LF) from += 2;
      if (searched < from) searched = from;
    }
    const to = findBlankLine(bytes, searched);
    if (to < 0) this.keepSection(bytes, from, searched);
    else this.finishSection(bytes, from, to);
  }

  private keepSection(bytes: Buffer, from: number, searched: number): void {
    const kept = this.section.length > 0;
    this.at = this.current?.length ?? 0;
    if (bytes.length - from > this.limits.sectionBytes) {
      this.tooLarge();
      return;
    }
    const stray = findStrayOctet(bytes, searched, bytes.length);
    if (stray >= 0) {
      this.owner.onFault(400, this.strayDetails(bytes, from, stray));
      return;
    }
    if (kept && from === 0) return;
    if (kept) this.section.take();
    if (from < bytes.length) this.section.append(bytes, from);
  }

  private finishSection(bytes: Buffer, from: number, to: number): void {
    if (this.section.length > 0) this.current = this.section.take();
    this.at = to + 4;
    if (to + 4 - from > this.limits.sectionBytes) this.tooLarge();
    else if (this.state === 'head') this.owner.onHead(bytes, from, to);
    // Behind the CR of the last chunk's line anything might stand: another hop would see a line end there, or none.
    else if (bytes[from + 1] !== LF) this.owner.onFault(400, Details.invalidChunk);
    else {
      this.state = 'held';
      // The section began with the CRLF of the last chunk's line; without fields that CRLF is followed by the empty line.
      if (to === from) this.owner.onBody(EMPTY, true);
      else this.owner.onTrailers(bytes, from + 2, to + 2);
    }
  }

  private strayDetails(bytes: Buffer, from: number, stray: number): Details {
    if (this.state !== 'head') return Details.invalidTrailer;
    const lineBreak = bytes[stray] === CR || bytes[stray] === LF;
    const inFirstLine = !bytes.subarray(from, stray).includes(LF);
    return lineBreak || inFirstLine ? Details.codecError : Details.invalidCharacters;
  }

  private tooLarge(): void {
    this.owner.onFault(431, Details.headersTooLarge);
  }
}

function runReader(reader: MessageReader): void {
  reader.run();
}
