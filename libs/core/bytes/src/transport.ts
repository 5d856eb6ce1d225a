/**
 * A connection as codecs and network filters see it: bytes out, with a watermark, and reading that can be paused.
 * Implemented over sockets by `@weft/net-tcp`, and by a recorder in tests.
 */
export interface Transport {
  /** Begins reading, into `receiver`. Nothing is read or reported before. Called once. */
  setReceiver(receiver: TransportReceiver): void;
  /** Queues bytes. Returns false above the high watermark: the writer stops until `onDrain`. The chunk is not copied. */
  write(chunk: Buffer): boolean;
  /** Queues text whose characters are all below U+0100, a byte each. Same result as `write`. */
  writeLatin1(text: string): boolean;
  /** Sends what is queued, then half-closes. Writing afterwards does nothing. */
  end(): void;
  /** Sends what is queued, then closes both directions, whatever the peer does. */
  close(): void;
  /**
   * How long `close` waits for the peer to close too, in milliseconds; 0: not at all. Counted anew while the peer takes what
   * is queued. `onTimeout` is called where it did not. Absent, and before it is called: a second, and nobody is told.
   */
  setDelayedClose?(ms: number, onTimeout: () => void): void;
  /** Closes at once; what is queued is lost (the peer sees a reset where the system sends one). */
  destroy(): void;
  /** Stops reading. Counted, as Envoy's readDisable: as many `resumeReading` calls start it again. */
  pauseReading(): void;
  resumeReading(): void;
  /**
   * For receivers that pass bytes on and keep none: from now on large chunks are lent. A lent chunk may be used until `onData`
   * returns or, where reading is paused inside `onData`, until it is resumed. Absent where chunks are always the receiver's.
   */
  lendReads?(): void;
  /** Writes a chunk that is lent. False: the system did not take all of it, and it must stay as it is until `onDrain`. */
  writeLent?(chunk: Buffer): boolean;
  /** Bytes queued and not yet taken by the system. */
  readonly bufferedBytes: number;
  /** Bytes queued since the connection began. */
  readonly bytesWritten: number;
  /** True once no more bytes can be sent: ended, closed or destroyed by either side. */
  readonly closed: boolean;
}

/** Why a transport closed, with the system's error where there was one. */
export interface TransportClose {
  /** `remote`: the peer closed or reset it; `local`: this side did; `timeout`: nothing connected or moved in time. */
  readonly by: 'local' | 'remote' | 'timeout';
  /** The system's error (`ECONNRESET`, `ECONNREFUSED`, a TLS alert …), where there was one. */
  readonly error?: Error;
}

/** What a transport calls. All calls come from the event loop, never from inside `write`. */
export interface TransportReceiver {
  /** Bytes arrived. The receiver owns the chunk. Not called while paused. */
  onData(chunk: Buffer): void;
  /** The peer half-closed: no more bytes will come. Sending still works. */
  onEnd(): void;
  /** The queue fell below the low watermark after a `write` had returned false. */
  onDrain(): void;
  /** The connection is gone. Called once, last. */
  onClose(close: TransportClose): void;
}
