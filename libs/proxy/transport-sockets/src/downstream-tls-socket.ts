import type { PeerCertificate } from '@weft/core-http';
import { ThrottledLog } from '@weft/core-runtime';
import type { Counter } from '@weft/core-stats';
import {
  ServerHandshake,
  type SecuredConnection,
  type ServerHandshakeFailure,
  type ServerHandshakeOwner,
  type ServerTlsContext,
} from '@weft/net-tls';
import type {
  Handshake,
  HandshakeOwner,
  ListenerFacts,
  PreparedTransportSocket,
  ServerContext,
} from '@weft/proxy-filter-api';
import type { Socket } from 'node:net';
import { unnamed } from './certificate-names.ts';
import { KeyLogFile } from './key-log-file.ts';
import { SslStats } from './ssl-stats.ts';
import { TlsSource, type ResolvedTls, type TlsSourceOptions } from './tls-source.ts';

/** TLS of one filter chain at work. */
export class DownstreamTlsSocket implements PreparedTransportSocket {
  readonly stats: SslStats;
  private readonly source: TlsSource<ServerTlsContext>;
  private readonly server: ServerContext;
  private readonly place: string;
  /** The filter chain, where it has a name: a control plane says there why it wants TLS. */
  private readonly chain: string;
  /** Clients that speak no TLS come in swarms: a health check, a scanner. */
  private readonly plaintextLog: ThrottledLog;
  private readonly refusalLog: ThrottledLog;
  private readonly secretsNotReady: Counter;
  private readonly keyLog: KeyLogFile | undefined;
  private readonly onClosed: () => void;

  constructor(
    options: TlsSourceOptions<ServerTlsContext>,
    server: ServerContext,
    listener: ListenerFacts,
    onClosed: () => void,
  ) {
    const { runtime, stats } = server;
    const scope = stats.scope(listener.statPrefix ?? '');
    this.server = server;
    this.onClosed = onClosed;
    this.place = `listener "${listener.name}"`;
    this.chain = listener.chainName === undefined ? '' : ` (filter chain "${listener.chainName}")`;
    this.plaintextLog = new ThrottledLog(runtime.loggers.get('connection'), runtime.clock);
    this.refusalLog = new ThrottledLog(runtime.loggers.get('connection'), runtime.clock);
    this.stats = new SslStats(scope.scope('ssl.'), (server.workerIndex ?? 0) === 0);
    this.keyLog = options.common.keyLog && new KeyLogFile(options.common.keyLog, runtime.loggers.get('config'));
    const factory = scope.scope('server_ssl_socket_factory.');
    const updates = factory.counter('ssl_context_update_by_sds');
    factory.counter('upstream_context_secrets_not_ready');
    this.secretsNotReady = factory.counter('downstream_context_secrets_not_ready');
    this.source = new TlsSource(options, server, {
      place: this.place,
      rotationFailed: factory.counter('key_rotation_failed'),
      onReplaced: (by) => {
        if (by === 'secret') updates.inc();
        this.tellExpiry();
      },
    });
    this.tellExpiry();
  }

  get pending(): Promise<void> | undefined {
    return this.source.pending;
  }

  get resolved(): ResolvedTls | undefined {
    return this.source.resolved;
  }

  /** When the first of its certificates expires. */
  get expiryMs(): number | undefined {
    const context = this.source.current;
    if (context === undefined) return undefined;
    const own = context.certificates.flatMap(({ chain }) => chain.map(({ validToMs }) => validToMs));
    const trusted = context.peerRules?.trustedCa.map(({ validToMs }) => validToMs) ?? [];
    return Math.min(...own, ...trusted);
  }

  handshake(socket: Socket, owner: HandshakeOwner): Handshake {
    const context = this.source.current;
    if (context !== undefined) return new DownstreamHandshake(this, context, socket, owner).begin(this.server);
    this.secretsNotReady.inc();
    return refuseLater(socket, owner);
  }

  close(): void {
    this.source.close();
    this.onClosed();
  }

  keyLogFor(socket: Socket): ((line: Buffer) => void) | undefined {
    return this.keyLog?.for(socket.localAddress, socket.remoteAddress);
  }

  plaintext(protocol: string, from: string): void {
    this.stats.plaintextPeer.inc();
    this.plaintextLog.warning(
      (more) =>
        `${this.place} speaks TLS${this.chain}, but the client ${from} sent plaintext: ${protocol}${more}. Give the client TLS (a ` +
        'sidecar that speaks mTLS, or https), or let this listener accept plaintext too (in a mesh: PERMISSIVE; else a filter ' +
        'chain that matches raw_buffer).',
    );
  }

  /** `peer`: what the client showed. */
  refused({ reason, peer }: ServerHandshakeFailure, from: string): void {
    this.refusalLog.warning(
      (more) =>
        `${this.place} refused the client ${from}${this.chain}: ${reason.replace(/^TLS_error: /, '')}${more}. ` +
        (peer === undefined
          ? 'Give the client a certificate (in a mesh: a sidecar), or let this listener do without (in a mesh: PERMISSIVE).'
          : `The certificate is ${nameOf(peer)}, of ${quoted(peer.issuer)}, and valid until ${new Date(peer.validToMs).toISOString()}.`),
    );
  }

  private tellExpiry(): void {
    const { resolved } = this.source;
    this.source.current?.certificates.forEach(({ leaf }, i) =>
      this.stats.expires(resolved?.certificateNames[i] ?? '', leaf.validToMs),
    );
    const [ca] = this.source.current?.peerRules?.trustedCa ?? [];
    if (ca !== undefined)
      this.stats.expires(unnamed('unnamed_ca_cert', resolved?.parts.validation?.trustedCa), ca.validToMs);
  }
}

/** One handshake: counts how it ends. */
class DownstreamHandshake implements ServerHandshakeOwner, Handshake {
  readonly onKeyLog?: (line: Buffer) => void;
  private readonly tls: DownstreamTlsSocket;
  private readonly owner: HandshakeOwner;
  private readonly context: ServerTlsContext;
  private readonly socket: Socket;
  private readonly from: string;
  private handshake: ServerHandshake | undefined;

  constructor(tls: DownstreamTlsSocket, context: ServerTlsContext, socket: Socket, owner: HandshakeOwner) {
    this.tls = tls;
    this.context = context;
    this.owner = owner;
    this.socket = socket;
    this.from = `${socket.remoteAddress ?? 'on a Unix socket'}:${socket.remotePort ?? ''}`;
    const keyLog = tls.keyLogFor(socket);
    if (keyLog !== undefined) this.onKeyLog = keyLog;
  }

  begin({ runtime }: ServerContext): this {
    this.handshake = new ServerHandshake(this.context, this.socket, this, runtime);
    return this;
  }

  abort(): void {
    this.handshake?.abort();
  }

  onSecured({ socket, info, resumed, verification, group }: SecuredConnection): void {
    const { stats } = this.tls;
    if (verification !== undefined) stats.failed(verification);
    stats.secured(info, resumed, group);
    this.owner.onSecured(socket, info);
  }

  onOcspRequest(action: 'staple' | 'omit' | 'fail'): void {
    const { stats } = this.tls;
    const counters = { staple: stats.ocspStapleResponses, omit: stats.ocspStapleOmitted, fail: stats.ocspStapleFailed };
    stats.ocspStapleRequests.inc();
    counters[action].inc();
  }

  onHandshakeFailure(failure: ServerHandshakeFailure): void {
    const { stats } = this.tls;
    const { verification, closedByPeer, plaintext, reason } = failure;
    if (verification !== undefined) {
      stats.failed(verification);
      this.tls.refused(failure, this.from);
    } else if (!closedByPeer) stats.connectionError.inc();
    if (plaintext !== undefined) this.tls.plaintext(plaintext, this.from);
    this.owner.onHandshakeFailure({ reason, plaintext });
  }
}

/** Certificates say what their makers like: at most a line's worth of it gets into the log. */
function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_NAME ? `${text.slice(0, MAX_NAME)}…` : text);
}

const MAX_NAME = 200;

function nameOf({ uriSans, dnsSans, subject }: PeerCertificate): string {
  return quoted(uriSans[0] ?? dnsSans[0] ?? subject);
}

function refuseLater(socket: Socket, owner: HandshakeOwner): Handshake {
  let aborted = false;
  socket.on('error', () => undefined);
  socket.destroy();
  queueMicrotask(() => {
    if (aborted) return;
    const reason = 'TLS_error: Secret is not supplied by SDS';
    owner.onHandshakeFailure({ reason, plaintext: undefined });
  });
  return {
    abort: () => {
      aborted = true;
    },
  };
}
