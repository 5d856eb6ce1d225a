import type { ServerDuplexStream } from '@grpc/grpc-js';
import {
  GRPC_STATUS,
  type GrpcHandler,
  type GrpcMetadata,
  type GrpcServerCall,
  type GrpcStatus,
} from '@weft/core-grpc';
import { fromLibrary } from './call-metadata.ts';
import { Pieces } from './pieces.ts';

/** What a server sends. */
export type ServerMessage = Uint8Array | Pieces;

/** One call, between the library's stream and a handler. */
export class ServerStream implements GrpcServerCall {
  readonly metadata: GrpcMetadata;
  readonly peerAddress: string;
  readonly peerCertificate: Uint8Array | undefined;
  private readonly stream: ServerDuplexStream<Uint8Array, ServerMessage>;
  private over = false;

  constructor(stream: ServerDuplexStream<Uint8Array, ServerMessage>, handler: GrpcHandler) {
    this.stream = stream;
    this.metadata = fromLibrary(stream.metadata);
    this.peerAddress = stream.getPeer();
    this.peerCertificate = stream.getAuthContext().sslPeerCertificate?.raw;
    const receiver = handler(this);
    const gone = (): void => {
      if (this.over) return;
      this.over = true;
      receiver.onCancelled();
    };
    stream.on('data', (message: Uint8Array) => this.over || receiver.onMessage(message));
    stream.on('end', () => this.over || receiver.onHalfClose());
    stream.on('drain', () => this.over || receiver.onDrain?.());
    stream.on('cancelled', gone);
    // A message too large, a broken frame: the library ends the call itself.
    stream.on('error', gone);
  }

  send(message: Uint8Array): boolean {
    return this.over || this.stream.write(message);
  }

  sendPieces(pieces: readonly Uint8Array[]): boolean {
    return this.over || this.stream.write(new Pieces(pieces));
  }

  end(status: GrpcStatus = { code: GRPC_STATUS.OK, message: '' }): void {
    if (this.over) return;
    this.over = true;
    if (status.code === GRPC_STATUS.OK) this.stream.end();
    // This is how the library is told a status that is not OK; what was sent before goes first.
    else this.stream.emit('error', { code: status.code, details: status.message });
  }
}
