import type { HeaderMap, HeaderSpelling } from '@weft/core-http';
import type { Output } from './output.ts';

/** How the end of a written body is marked: `none` has no body, `raw` and `until close` end with the connection. */
type Mode = 'none' | 'length' | 'chunked' | 'until close' | 'raw';

/** Frames one message's body on its way out. One for each codec, set up again by every head. */
export class BodyWriter {
  mode: Mode = 'none';
  private readonly output: Output;
  private remaining = 0;

  constructor(output: Output) {
    this.output = output;
  }

  start(mode: Mode, length = 0): void {
    this.mode = mode;
    this.remaining = length;
  }

  /**
   * Writes a piece. False: it does not fit the promised length, so that the message can no longer be ended in a way that
   * the peer would read right.
   */
  write(chunk: Buffer, end: boolean): boolean {
    const { output } = this;
    switch (this.mode) {
      case 'none':
        return true;
      case 'length':
        this.remaining -= chunk.length;
        if (this.remaining < 0 || (end && this.remaining > 0)) return false;
        break;
      case 'chunked':
        this.writeChunk(chunk, end);
        return true;
      default:
        break;
    }
    if (chunk.length > 0) output.chunk(chunk);
    return true;
  }

  private writeChunk(chunk: Buffer, end: boolean): void {
    const { output } = this;
    if (chunk.length > 0) {
      output.text(`${chunk.length.toString(16)}\r\n`);
      output.chunk(chunk);
      output.text(end ? '\r\n0\r\n\r\n' : '\r\n');
    } else if (end) output.text('0\r\n\r\n');
  }

  /** Ends the body with trailers, where its framing has a place for them. */
  writeTrailers(trailers: HeaderMap | undefined, spelling: HeaderSpelling | undefined): boolean {
    if (this.mode === 'length') return this.remaining === 0;
    if (this.mode !== 'chunked') return true;
    let text = '0\r\n';
    if (trailers !== undefined) {
      const { raw } = trailers;
      for (let i = 0; i < raw.length; i += 2) {
        const name = raw[i] as string;
        text += `${spelling === undefined ? name : spelling.spell(name)}: ${raw[i + 1]}\r\n`;
      }
    }
    this.output.text(`${text}\r\n`);
    return true;
  }
}
