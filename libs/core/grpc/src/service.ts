import type { GrpcMetadata, GrpcStatus } from './status.ts';

/** The answering end of a call. */
export interface GrpcServerCall {
  /** What the caller sent along. */
  readonly metadata: GrpcMetadata;
  /** `ip:port`, or a socket's path. */
  readonly peerAddress: string;
  /** The caller's verified certificate in DER; undefined on plaintext connections and for callers without one. */
  readonly peerCertificate: Uint8Array | undefined;
  /** Sends one message, already serialized. False: more than a buffer's worth waits; `onDrain` says when to go on. */
  send(message: Uint8Array): boolean;
  /** The same for one message in several pieces, which others may share: they must not change. Where it is absent, `send` takes them joined. */
  sendPieces?(pieces: readonly Uint8Array[]): boolean;
  /** Ends the call. Default: OK. */
  end(status?: GrpcStatus): void;
}

/** What a server hears of one call. No callback comes after `onCancelled`, or after the server itself ended the call. */
export interface GrpcServerReceiver {
  onMessage(message: Uint8Array): void;
  /** The caller sends nothing more, and still listens. */
  onHalfClose(): void;
  /** After a `send` that returned false: there is room again. */
  onDrain?(): void;
  /** The caller went away. */
  onCancelled(): void;
}

/** Answers one method. Called for each call, before its first message. */
export type GrpcHandler = (call: GrpcServerCall) => GrpcServerReceiver;

/** Handlers by path (`/package.Service/Method`). Calls of any other path are answered UNIMPLEMENTED. */
export type GrpcServices = ReadonlyMap<string, GrpcHandler>;
