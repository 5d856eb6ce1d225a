import { createConnection, isIPv6, type Socket } from 'node:net';
import { systemPath } from './addresses.ts';
import { explainConnectError } from './connect-words.ts';
import { FirstBytes } from './first-bytes.ts';
import type { ConnectOptions, ConnectTarget, TlsClientContext } from './options.ts';
import { DEFAULT_BUFFER_LIMIT_BYTES, SocketTransport, readDirectly } from './socket-transport.ts';
import { explainPlaintext, explainTlsError, isPlaintextPeer, refuseTlsPeer, startTls } from './tls-client.ts';

/** Why there is no connection. */
export interface ConnectFailure {
  readonly reason: 'timeout' | 'refused' | 'tls';
  /** In words for logs and replies: `delayed connect error: Connection refused`, `TLS_error: …`. */
  readonly details: string;
  readonly error: Error | undefined;
  /** TLS was agreed upon, and the peer's certificate refused. */
  readonly refusedPeer?: boolean;
  /** TLS was asked for, and the peer spoke something else. */
  readonly plaintext?: boolean;
}

/** Whoever runs attempts. One of the two is called, never inside the constructor, unless it was aborted. */
export interface AttemptOwner {
  onAttemptReady(attempt: ConnectAttempt, transport: SocketTransport): void;
  onAttemptFailed(attempt: ConnectAttempt, failure: ConnectFailure): void;
}

/**
 * One attempt at one address: connecting -> (securing) -> ready | failed.
 *
 * Where the handshake says that the peer spoke no TLS, the attempt connects once more to see what it did speak: the first
 * bytes of a handshake are gone by then, and they are what tells an operator the fault.
 */
export class ConnectAttempt {
  private readonly target: ConnectTarget;
  private readonly options: ConnectOptions;
  private readonly owner: AttemptOwner;
  private socket: Socket;
  private securing = false;
  private over = false;
  /** Set while the attempt looks at what the peer speaks. */
  private firstBytes: FirstBytes | undefined;

  constructor(target: ConnectTarget, options: ConnectOptions, owner: AttemptOwner) {
    this.target = target;
    this.options = options;
    this.owner = owner;
    this.socket = this.open();
  }

  abort(): void {
    this.over = true;
    this.socket.destroy();
  }

  private open(): Socket {
    const { target, options } = this;
    const { keepAliveIdleMs } = options;
    const highWaterMark = options.perConnectionBufferLimitBytes ?? DEFAULT_BUFFER_LIMIT_BYTES;
    const plain = {
      allowHalfOpen: true,
      autoDestroy: true,
      noDelay: true,
      highWaterMark,
      ...(keepAliveIdleMs === undefined ? {} : { keepAlive: true, keepAliveInitialDelay: keepAliveIdleMs }),
    };
    // TLS takes over a socket that emits its data.
    const common = options.tls === undefined ? { ...plain, onread: readDirectly } : plain;
    const socket =
      target.path === undefined
        ? createConnection({
            host: target.address,
            port: target.port,
            autoSelectFamily: false,
            ...sourceOf(target, options),
            ...common,
          })
        : createConnection({ path: systemPath(target.path), ...common });
    socket.on('error', this.onError);
    socket.once('close', this.onClose);
    socket.once('connect', this.onConnect);
    return socket;
  }

  private readonly onConnect = (): void => {
    const { tls, preamble } = this.options;
    if (preamble !== undefined) this.socket.write(preamble);
    if (tls === undefined) {
      this.succeed();
      return;
    }
    this.securing = true;
    const plain = this.socket;
    plain.removeListener('close', this.onClose);
    const { path, address, port } = this.target;
    this.firstBytes?.follow(plain);
    this.socket = startTls(this.firstBytes ?? plain, tls, path ?? `${address}:${port}`);
    this.socket.on('error', this.onError);
    this.socket.once('close', this.onClose);
    this.socket.once('secureConnect', () => this.secured(tls));
  };

  private readonly onError = (error: Error): void => {
    if (!this.securing) this.fail({ reason: 'refused', details: explainConnectError(error), error });
    else if (!isPlaintextPeer(error)) this.fail({ reason: 'tls', details: explainTlsError(error), error });
    else if (this.firstBytes === undefined) this.lookAgain();
    else this.fail({ reason: 'tls', details: explainPlaintext(this.firstBytes.seen), error, plaintext: true });
  };

  private readonly onClose = (): void => {
    const details = this.securing ? 'TLS_error: the peer closed during the handshake' : 'connection closed';
    this.fail({ reason: this.securing ? 'tls' : 'refused', details, error: undefined });
  };

  private lookAgain(): void {
    if (this.over) return;
    this.socket.removeListener('close', this.onClose);
    this.socket.destroy();
    this.securing = false;
    this.firstBytes = new FirstBytes();
    this.socket = this.open();
  }

  private secured(tls: TlsClientContext): void {
    const refusal = refuseTlsPeer(this.socket, tls);
    if (refusal !== undefined) {
      this.fail({ reason: 'tls', details: `TLS_error: ${refusal}`, error: undefined, refusedPeer: true });
      return;
    }
    if (this.firstBytes === undefined) {
      this.succeed();
      return;
    }
    // It speaks TLS now: an ordinary connection is worth more than this one, which passes every byte twice.
    this.firstBytes = undefined;
    this.socket.removeListener('close', this.onClose);
    this.socket.destroy();
    this.securing = false;
    this.socket = this.open();
  }

  private succeed(): void {
    if (this.over) return;
    this.over = true;
    const { timers, tls } = this.options;
    const { socket } = this;
    const transport = new SocketTransport(socket, timers, { path: this.target.path, directReads: tls === undefined });
    this.owner.onAttemptReady(this, transport);
    socket.removeListener('error', this.onError);
    socket.removeListener('close', this.onClose);
  }

  private fail(failure: ConnectFailure): void {
    if (this.over) return;
    this.over = true;
    this.socket.destroy();
    this.owner.onAttemptFailed(this, failure);
  }
}

/** Where connections come from: the configured address of the target's family. Source: BindConfig. */
function sourceOf({ address }: ConnectTarget, { sourceAddresses = [] }: ConnectOptions): object {
  const source = sourceAddresses.find((candidate) => isIPv6(candidate.address) === isIPv6(address));
  if (source === undefined) return {};
  return { localAddress: source.address, ...(source.port === 0 ? {} : { localPort: source.port }) };
}
