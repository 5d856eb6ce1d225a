import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** What is kept of a peer's first bytes: enough for the first line of any protocol's answer. */
const KEEP_BYTES = 256;

/**
 * A socket between a handshake and its peer that keeps what the peer said first. Only for a connection that is looked at:
 * it costs a copy of each chunk and a stream's machinery.
 */
export class FirstBytes extends Duplex {
  seen: Buffer = Buffer.alloc(0);
  private socket: Socket | undefined;

  follow(socket: Socket): void {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      if (this.seen.length < KEEP_BYTES) this.seen = Buffer.concat([this.seen, chunk]).subarray(0, KEEP_BYTES);
      if (!this.push(chunk)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.socket?.resume();
  }
  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.socket?.write(chunk, done);
  }
  override _final(done: () => void): void {
    this.socket?.end(done);
  }
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.socket?.destroy();
    done(error);
  }
}
