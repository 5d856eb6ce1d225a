import type { GrpcCall, GrpcCallOptions, GrpcChannel, GrpcReceiver } from '@weft/core-grpc';

/** Who takes messages in pieces, so that a thousand proxies in one process share what they are all sent. */
export interface PiecesReceiver extends GrpcReceiver {
  onPieces?(pieces: readonly Uint8Array[]): void;
}

/** And what they all send. */
export interface PiecesCall extends GrpcCall {
  sendPieces?(pieces: readonly Uint8Array[]): boolean;
}

export interface PiecesChannel extends GrpcChannel {
  call(path: string, receiver: PiecesReceiver, options?: GrpcCallOptions): PiecesCall;
}
