import type { SocketWish } from '@weft/proxy-filter-api';

/** Of the messages below; both processes must speak the same. */
export const HOT_RESTART_VERSION = 'weft.1';

/** What a child asks of its parent. */
export type Request =
  | { readonly kind: 'hello'; readonly version: string }
  | { readonly kind: 'socket'; readonly wish: SocketWish; readonly worker: number }
  /** Give up the admin address, and your own parent. */
  | { readonly kind: 'closeAdmin' }
  /** Accept no more, and let connections end. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'stats' }
  | { readonly kind: 'terminate' };

export interface Hello {
  readonly version: string;
  readonly firstStartWallMs: number;
  /** Which process of the row it is, from 1. */
  readonly generation: number;
}

/** Of a process that drains, for its child to add to its own. */
export interface ParentStats {
  readonly counters: readonly (readonly [name: string, value: number])[];
  readonly gauges: readonly (readonly [name: string, value: number])[];
  readonly connections: number;
}

/** `error`: why the request cannot be granted. */
export type Reply<T> = { readonly value: T } | { readonly error: string };

/** More than any message has; what claims more is not from us. */
const MAX_BYTES = 64 * 1024 * 1024;

/** A message with its length before it: four bytes, the lowest first. */
export function frame(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}

/** Puts messages together from the pieces in which they come. */
export class FrameReader {
  private held: Buffer = Buffer.alloc(0);

  /** The messages that are whole now. Throws where the bytes are no messages. */
  push(chunk: Buffer): unknown[] {
    this.held = Buffer.concat([this.held, chunk]);
    const messages: unknown[] = [];
    while (this.held.length >= 4) {
      const length = this.held.readUInt32LE();
      if (length > MAX_BYTES) throw new Error('the other process does not speak the language of a hot restart');
      if (this.held.length < 4 + length) break;
      messages.push(JSON.parse(this.held.toString('utf8', 4, 4 + length)));
      this.held = this.held.subarray(4 + length);
    }
    return messages;
  }
}

/** Where the process of a base id and an epoch waits for its child. */
export function meetingPlace(socketPath: string, baseId: number, epoch: number): string {
  return `${socketPath}_${baseId}_${epoch}`;
}

/** As Node names a socket without a file. */
export function nodePath(path: string): string {
  return path.startsWith('@') ? `\0${path.slice(1)}` : path;
}
