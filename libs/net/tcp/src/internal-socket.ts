import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

type Done = (error?: Error | null) => void;

/**
 * One end of a connection within the process. It behaves as a socket of the system does as far as this proxy can tell, so
 * that everything that serves sockets (listener filters, TLS, transports) serves it too. Bytes are copied, and arrive in a
 * later tick than they are written; a writer waits while the other end does not read.
 */
export class InternalSocket extends Duplex {
  bytesWritten = 0;
  bytesRead = 0;
  private other: InternalSocket | undefined;
  /** The other end's write that waits until this end reads. */
  private onRoom: Done | undefined;
  private resets = false;
  private ended = false;

  /** Both ends. `highWaterMark` in bytes, as of sockets. */
  static pair(highWaterMark: number): readonly [Socket, Socket] {
    const one = new InternalSocket({ highWaterMark, allowHalfOpen: true });
    const two = new InternalSocket({ highWaterMark, allowHalfOpen: true });
    one.other = two;
    two.other = one;
    return [one as unknown as Socket, two as unknown as Socket];
  }

  resetAndDestroy(): this {
    this.resets = true;
    return this.destroy();
  }

  override _read(): void {
    const { onRoom } = this;
    this.onRoom = undefined;
    onRoom?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.bytesWritten += chunk.length;
    // The chunk may be lent: its owner uses it again once it is written.
    const copy = Buffer.from(chunk);
    process.nextTick(() => this.deliver(copy, done));
  }

  override _final(done: Done): void {
    process.nextTick(() => {
      this.other?.endReading();
      done();
    });
  }

  override _destroy(error: Error | null, done: Done): void {
    const { other, onRoom } = this;
    this.onRoom = undefined;
    onRoom?.(brokenPipe());
    process.nextTick(() => {
      if (other === undefined || other.destroyed) return;
      if (this.resets || error !== null) other.destroy(systemError('ECONNRESET', 'read ECONNRESET'));
      else other.endReading();
    });
    done(error);
  }

  private deliver(chunk: Buffer, done: Done): void {
    const { other } = this;
    if (other === undefined || other.destroyed) {
      done(brokenPipe());
      return;
    }
    other.bytesRead += chunk.length;
    if (other.push(chunk)) done();
    else other.onRoom = done;
  }

  private endReading(): void {
    if (this.ended || this.destroyed) return;
    this.ended = true;
    this.push(null);
  }
}

function brokenPipe(): Error {
  return systemError('EPIPE', 'write EPIPE');
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
