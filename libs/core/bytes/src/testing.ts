import type { Transport, TransportReceiver } from './transport.ts';

/** A transport that records what is written. `highWatermark` bytes make `write` return false until `drain()`. */
export class RecordingTransport implements Transport {
  readonly chunks: Buffer[] = [];
  bufferedBytes = 0;
  bytesWritten = 0;
  closed = false;
  ended = false;
  destroyed = false;
  paused = 0;
  receiver: TransportReceiver | undefined;
  private readonly highWatermark: number;

  constructor(highWatermark = Infinity) {
    this.highWatermark = highWatermark;
  }

  setReceiver(receiver: TransportReceiver): void {
    this.receiver = receiver;
  }
  write(chunk: Buffer): boolean {
    if (this.closed) return true;
    this.chunks.push(Buffer.from(chunk));
    this.bufferedBytes += chunk.length;
    this.bytesWritten += chunk.length;
    return this.bufferedBytes < this.highWatermark;
  }
  writeLatin1(text: string): boolean {
    return this.write(Buffer.from(text, 'latin1'));
  }
  end(): void {
    this.ended = true;
    this.closed = true;
  }
  close(): void {
    this.end();
  }
  destroy(): void {
    this.destroyed = true;
    this.closed = true;
  }
  pauseReading(): void {
    this.paused += 1;
  }
  resumeReading(): void {
    this.paused -= 1;
  }

  /** All that was written since the last call, as latin1 text. */
  take(): string {
    const text = Buffer.concat(this.chunks).toString('latin1');
    this.chunks.length = 0;
    return text;
  }
  /** Empties the queue, as the system would; the caller then calls the receiver's `onDrain`. */
  drain(): void {
    this.bufferedBytes = 0;
  }
}
export { der, hex, pem } from './der.testing.ts';
