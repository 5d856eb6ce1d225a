import { createConnection, type Socket } from 'node:net';
import type { Timer } from '@weft/core-runtime';
import type { ConnectOptions, TlsClientContext } from './options.ts';
import { systemPath } from './addresses.ts';
import { explainConnectError } from './connect-words.ts';
import { DEFAULT_BUFFER_LIMIT_BYTES, SocketTransport, readDirectly } from './socket-transport.ts';
import { explainTlsError, refuseTlsPeer, startTls } from './tls-client.ts';

const DEFAULT_CONNECT_TIMEOUT_MS = 5000;

/** Why there is no connection. */
export interface ConnectFailure {
  readonly reason: 'timeout' | 'refused' | 'tls';
  /** In words for logs and replies: `ECONNREFUSED`, `TLS_error: …`. */
  readonly details: string;
  readonly error: Error | undefined;
}

/** Whoever asked for a connection. Exactly one of the two is called, later than `connect` returns, unless it is aborted. */
export interface ConnectOwner {
  onConnected(transport: SocketTransport): void;
  onConnectFailure(failure: ConnectFailure): void;
}

/** A connection under way. */
export interface Connecting {
  /** Gives up: neither callback comes any more. */
  abort(): void;
}

/** Connects, with TLS where the options say so, within the time they give. */
export function connect(options: ConnectOptions, owner: ConnectOwner): Connecting {
  return new Attempt(options, owner);
}

/** One attempt: connecting -> (securing) -> connected | failed. */
class Attempt implements Connecting {
  private readonly options: ConnectOptions;
  private readonly owner: ConnectOwner;
  private readonly timer: Timer;
  private socket: Socket;
  private securing = false;
  private over = false;

  constructor(options: ConnectOptions, owner: ConnectOwner) {
    this.options = options;
    this.owner = owner;
    this.timer = options.timers.start(options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS, this);
    const highWaterMark = options.perConnectionBufferLimitBytes ?? DEFAULT_BUFFER_LIMIT_BYTES;
    const plain = { allowHalfOpen: true, autoDestroy: true, noDelay: true, highWaterMark };
    // TLS takes over a socket that emits its data.
    const common = options.tls === undefined ? { ...plain, onread: readDirectly } : plain;
    this.socket =
      options.path === undefined
        ? createConnection({ host: options.address, port: options.port, autoSelectFamily: false, ...common })
        : createConnection({ path: systemPath(options.path), ...common });
    this.socket.on('error', this.onError);
    this.socket.once('close', this.onClose);
    this.socket.once('connect', this.onConnect);
  }

  abort(): void {
    if (this.over) return;
    this.settle();
    this.socket.destroy();
  }

  onTimer(): void {
    if (this.over) return;
    this.settle();
    this.socket.destroy();
    this.owner.onConnectFailure({ reason: 'timeout', details: 'connection timeout', error: undefined });
  }

  private readonly onConnect = (): void => {
    const { tls, address, port, path } = this.options;
    if (tls === undefined) {
      this.succeed();
      return;
    }
    this.securing = true;
    const plain = this.socket;
    plain.removeListener('close', this.onClose);
    this.socket = startTls(plain, tls, path ?? `${address}:${port}`);
    this.socket.on('error', this.onError);
    this.socket.once('close', this.onClose);
    this.socket.once('secureConnect', () => this.secured(tls));
  };

  private readonly onError = (error: Error): void => {
    const details = this.securing ? explainTlsError(error) : explainConnectError(error);
    this.fail({ reason: this.securing ? 'tls' : 'refused', details, error });
  };

  private readonly onClose = (): void => {
    const details = this.securing ? 'TLS_error: the peer closed during the handshake' : 'connection closed';
    this.fail({ reason: this.securing ? 'tls' : 'refused', details, error: undefined });
  };

  private secured(tls: TlsClientContext): void {
    const refusal = refuseTlsPeer(this.socket, tls);
    if (refusal === undefined) this.succeed();
    else this.fail({ reason: 'tls', details: `TLS_error: ${refusal}`, error: undefined });
  }

  private succeed(): void {
    if (this.over) return;
    this.settle();
    const { timers, path, tls } = this.options;
    const transport = new SocketTransport(this.socket, timers, { path, directReads: tls === undefined });
    this.owner.onConnected(transport);
    this.socket.removeListener('error', this.onError);
    this.socket.removeListener('close', this.onClose);
  }

  private fail(failure: ConnectFailure): void {
    if (this.over) return;
    this.settle();
    this.socket.destroy();
    this.owner.onConnectFailure(failure);
  }

  private settle(): void {
    this.over = true;
    this.timer.cancel();
  }
}
