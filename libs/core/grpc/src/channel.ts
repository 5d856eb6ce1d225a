import type { GrpcMetadata, GrpcStatus } from './status.ts';

/** Whoever makes calls to one server, or to whatever stands for it (a cluster). */
export interface GrpcChannel {
  /**
   * Begins a call of `path` (`/package.Service/Method`). Never throws and never calls back before it returns: what goes wrong
   * comes as `onEnd`.
   */
  call(path: string, receiver: GrpcReceiver, options?: GrpcCallOptions): GrpcCall;
  /** Ends all calls; `call` answers UNAVAILABLE from then on. */
  close(): void;
}

export interface GrpcCallOptions {
  readonly metadata?: GrpcMetadata;
  /** How long the whole call may take, in milliseconds. Default: forever. */
  readonly timeoutMs?: number;
}

/** The caller's end of a call. */
export interface GrpcCall {
  /** Sends one message, already serialized. False: more than a buffer's worth waits; `onDrain` says when to go on. */
  send(message: Uint8Array): boolean;
  /** No more messages will be sent. */
  end(): void;
  /** Gives the call up: no callback comes any more. */
  cancel(): void;
}

/** What one end of a call hears of the other. No callback comes after `onEnd`. */
export interface GrpcReceiver {
  /** The octets belong to the receiver from now on. */
  onMessage(message: Uint8Array): void;
  /** After a `send` that returned false: there is room again. */
  onDrain?(): void;
  /** A caller hears the status that the call ended with. Called once. */
  onEnd(status: GrpcStatus): void;
}
