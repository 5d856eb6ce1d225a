import type { ServerDuplexStream } from '@grpc/grpc-js';
import {
  GRPC_STATUS,
  type GrpcHandler,
  type GrpcMetadata,
  type GrpcServerCall,
  type GrpcServerReceiver,
  type GrpcStatus,
} from '@weft/core-grpc';
import { fromLibrary } from './call-metadata.ts';
import { forgetLastMessage } from './last-message.ts';
import { Pieces } from './pieces.ts';

/** What a server sends. */
export type ServerMessage = Uint8Array | Pieces;

/** Above this a handler is told to wait; below the other, to go on. */
const HIGH_BYTES = 64 * 1024;
const LOW_BYTES = 16 * 1024;

/** One call, between the library's stream and a handler. */
export class ServerStream implements GrpcServerCall {
  readonly metadata: GrpcMetadata;
  readonly peerAddress: string;
  readonly peerCertificate: Uint8Array | undefined;
  private readonly stream: ServerDuplexStream<Uint8Array, ServerMessage>;
  private readonly receiver: GrpcServerReceiver;
  private over = false;
  /** Given to the library, and not yet taken by the connection. */
  private waitingBytes = 0;
  private blocked = false;

  constructor(stream: ServerDuplexStream<Uint8Array, ServerMessage>, handler: GrpcHandler) {
    this.stream = stream;
    this.metadata = fromLibrary(stream.metadata);
    this.peerAddress = stream.getPeer();
    this.peerCertificate = stream.getAuthContext().sslPeerCertificate?.raw;
    const receiver = handler(this);
    this.receiver = receiver;
    const gone = (): void => {
      if (this.over) return;
      this.over = true;
      receiver.onCancelled();
    };
    stream.on('data', (message: Uint8Array) => {
      forgetLastMessage(stream);
      if (!this.over) receiver.onMessage(message);
    });
    stream.on('end', () => this.over || receiver.onHalfClose());
    stream.on('cancelled', gone);
    // A message too large, a broken frame: the library ends the call itself.
    stream.on('error', gone);
  }

  send(message: Uint8Array): boolean {
    return this.over || this.write(message, message.length);
  }

  sendPieces(pieces: readonly Uint8Array[]): boolean {
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
    return this.over || this.write(new Pieces(pieces), bytes);
  }

  end(status: GrpcStatus = { code: GRPC_STATUS.OK, message: '' }): void {
    if (this.over) return;
    this.over = true;
    if (status.code === GRPC_STATUS.OK) this.stream.end();
    // This is how the library is told a status that is not OK; what was sent before goes first.
    else this.stream.emit('error', { code: status.code, details: status.message });
  }

  /** The library counts messages, and sixteen of them may be sixteen states of the world: this counts bytes. */
  private write(message: ServerMessage, bytes: number): boolean {
    this.waitingBytes += bytes;
    this.stream.write(message, () => {
      this.waitingBytes -= bytes;
      if (!this.blocked || this.waitingBytes > LOW_BYTES) return;
      this.blocked = false;
      if (!this.over) this.receiver.onDrain?.();
    });
    this.blocked = this.waitingBytes > HIGH_BYTES;
    return !this.blocked;
  }
}
