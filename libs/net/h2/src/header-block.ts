import { ByteWriter } from './byte-writer.ts';

/** A header block that comes in several frames, until the last of them (RFC 9113 section 4.3). */
export class HeaderBlock {
  /** The stream whose block is under way; 0: none. Nothing but its CONTINUATION may come meanwhile. */
  streamId = 0;
  endStream = false;
  /** CONTINUATION frames so far. */
  continuations = 0;
  private readonly bytes = new ByteWriter();

  get length(): number {
    return this.bytes.length;
  }

  begin(streamId: number, endStream: boolean): void {
    this.streamId = streamId;
    this.endStream = endStream;
    this.continuations = 0;
  }

  append(bytes: Buffer, start: number, end: number): void {
    this.bytes.copy(bytes, start, end);
  }

  /** The whole block; there is none under way afterwards. */
  take(): Buffer {
    this.streamId = 0;
    return this.bytes.take();
  }
}
