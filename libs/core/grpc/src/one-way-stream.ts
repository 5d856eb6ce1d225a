import type { GrpcCall, GrpcChannel, GrpcReceiver } from './channel.ts';
import type { GrpcMetadata, GrpcStatus } from './status.ts';

export interface OneWayStreamOptions {
  /** Asked for when the first stream begins. */
  readonly channel: () => GrpcChannel;
  /** `/package.Service/Method` */
  readonly path: string;
  readonly metadata?: GrpcMetadata;
  /** A stream ended, though nobody here ended it. */
  readonly onEnd?: (status: GrpcStatus) => void;
}

/**
 * A stream of messages to a server that has nothing to say: logs, metrics. It begins with the first message, and again with
 * the next one after it ended; what is sent meanwhile is the caller's to keep or to drop.
 */
export class OneWayStream implements GrpcReceiver {
  private readonly options: OneWayStreamOptions;
  private channel: GrpcChannel | undefined;
  private call: GrpcCall | undefined;
  private blocked = false;
  private closed = false;

  constructor(options: OneWayStreamOptions) {
    this.options = options;
  }

  /** No stream is open: the next message is the first of one. */
  get fresh(): boolean {
    return this.call === undefined;
  }

  /** False: the server takes no more for now, and the message was not sent. */
  send(message: Uint8Array): boolean {
    if (this.blocked) return false;
    const { path, metadata } = this.options;
    this.channel ??= this.options.channel();
    this.call ??= this.channel.call(path, this, metadata === undefined ? {} : { metadata });
    this.blocked = !this.call.send(message);
    return true;
  }

  /** What was sent still gets there, where the server is. */
  close(): void {
    this.closed = true;
    if (this.call === undefined) this.channel?.close();
    else this.call.end();
  }

  onMessage(): void {
    // The answer has no content.
  }
  onDrain(): void {
    this.blocked = false;
  }
  onEnd(status: GrpcStatus): void {
    this.call = undefined;
    this.blocked = false;
    if (this.closed) this.channel?.close();
    else this.options.onEnd?.(status);
  }
}
