import { CR, HEX, LF } from './chars.ts';
import { ChunkExtensions } from './chunk-extensions.ts';

const MAX_SIZE_DIGITS = 12;
/** Octets of chunk extensions that one body may carry: they cost the sender next to nothing and tell nobody anything. */
const MAX_EXTENSION_BYTES = 16 * 1024;

// size -> (extension | data) -> data -> size … -> last: a chunk of size 0 was read, its CRLF was not.
type State = 'size' | 'extension' | 'size-lf' | 'data' | 'data-cr' | 'data-lf' | 'last';

/**
 * Reads chunked bodies (RFC 9112 section 7.1), cut anywhere. After the chunk of size 0 it stops before that line's CRLF:
 * from there on the trailers look like the end of a head, `CRLF *(field-line CRLF) CRLF`.
 */
export class ChunkedDecoder {
  /** The chunk's data that the last `decode` found. */
  data: Buffer | undefined;
  /** The octets are no chunked body. */
  faulty = false;
  private state: State = 'size';
  private size = 0;
  private digits = 0;
  private extensionBytes = 0;
  private readonly extensions = new ChunkExtensions();

  start(): void {
    this.state = 'size';
    this.size = 0;
    this.digits = 0;
    this.extensionBytes = 0;
    this.faulty = false;
    this.data = undefined;
  }

  /** The chunk of size 0 was read. */
  get last(): boolean {
    return this.state === 'last';
  }

  /** `bytes[at..]` is a plain end of the body, `0 CRLF CRLF`, and the decoder stands before a size. */
  endsAt(bytes: Buffer, at: number): boolean {
    return (
      this.state === 'size' &&
      bytes[at] === 48 &&
      bytes[at + 1] === CR &&
      bytes[at + 2] === LF &&
      bytes[at + 3] === CR &&
      bytes[at + 4] === LF
    );
  }

  /** Reads on from `at` until there is data, the last chunk, a fault, or nothing left. Returns where it stopped. */
  decode(bytes: Buffer, at: number): number {
    this.data = undefined;
    while (at < bytes.length) {
      if (this.state === 'data') return this.takeData(bytes, at);
      if (this.state === 'last' || !this.step(bytes[at])) return at;
      at += 1;
    }
    return at;
  }

  private takeData(bytes: Buffer, at: number): number {
    const to = Math.min(at + this.size, bytes.length);
    this.data = at === 0 && to === bytes.length ? bytes : bytes.subarray(at, to);
    this.size -= to - at;
    if (this.size === 0) this.state = 'data-cr';
    // The common case in one go: CRLF after the data is at hand.
    if (this.size === 0 && bytes[to] === CR && bytes[to + 1] === LF) {
      this.beginSize();
      return to + 2;
    }
    return to;
  }

  private beginSize(): void {
    this.state = 'size';
    this.digits = 0;
  }

  /** Takes one octet of framing. False: it was not taken, for the state is `last` or the octet is wrong. */
  private step(octet: number): boolean {
    switch (this.state) {
      case 'size':
        return this.sizeDigit(octet) || this.afterSize(octet);
      case 'extension':
        return this.extension(octet);
      case 'size-lf':
        return octet === LF ? this.enter('data') : this.fault();
      case 'data-cr':
        return octet === CR ? this.enter('data-lf') : this.fault();
      case 'data-lf':
        this.digits = 0;
        return octet === LF ? this.enter('size') : this.fault();
      default:
        return false;
    }
  }

  private sizeDigit(octet: number): boolean {
    const value = HEX[octet];
    if (value > 15) return false;
    if (this.digits === 0) this.size = 0;
    this.digits += 1;
    if (this.digits > MAX_SIZE_DIGITS) this.faulty = true;
    this.size = this.size * 16 + value;
    return !this.faulty;
  }

  private afterSize(octet: number): boolean {
    if (this.faulty || this.digits === 0) return this.fault();
    if (octet === CR) return this.afterLine();
    this.extensions.start();
    this.state = 'extension';
    return this.extension(octet);
  }

  private extension(octet: number): boolean {
    this.extensionBytes += 1;
    const taken = this.extensionBytes > MAX_EXTENSION_BYTES ? 'fault' : this.extensions.take(octet);
    if (taken === 'end') return this.afterLine();
    return taken === 'more' || this.fault();
  }

  /** At the CR of a size line. */
  private afterLine(): boolean {
    if (this.size > 0) return this.enter('size-lf');
    this.state = 'last';
    return false;
  }

  private enter(state: State): true {
    this.state = state;
    return true;
  }

  private fault(): false {
    this.faulty = true;
    return false;
  }
}
