import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { recogniseProtocol } from '@weft/core-bytes';
import type { Clock, Timers } from '@weft/core-runtime';
import type { Certificate } from './certificate.ts';
import { parseClientHello, type ClientHello } from './client-hello.ts';
import { answerPlaintext } from './answer-plaintext.ts';
import { serverGroup } from './key-exchange.ts';
import { explainHandshakeError } from './handshake-words.ts';
import { stapleAction, type StapleAction } from './staple-policy.ts';
import { SecuredInfo } from './secured-info.ts';
import type { CertifiedContext } from './secure-context.ts';
import type { ServerTlsContext } from './server-tls-context.ts';
import type { VerifyFailureKind } from './peer-rules.ts';
import { chainErrorOf, peerCertificateOf, staple } from './tls-internals.ts';

/** How a handshake ended that did not succeed. */
export interface ServerHandshakeFailure {
  /** One sentence. */
  readonly reason: string;
  /** What the client spoke in place of TLS: `HTTP/1.x request` …; undefined where it did speak TLS. */
  readonly plaintext: string | undefined;
  /** Undefined for what is no failed verification. */
  readonly verification: VerifyFailureKind | undefined;
  /** What the client showed, where that is why. */
  readonly peer?: Certificate;
  /** The client went away without a word. */
  readonly closedByPeer: boolean;
}

export interface SecuredConnection {
  readonly socket: TLSSocket;
  readonly info: SecuredInfo;
  readonly resumed: boolean;
  /** A failed verification that the configuration lets pass. */
  readonly verification: VerifyFailureKind | undefined;
  readonly certificate: CertifiedContext;
  /** The key exchange group, by Envoy's name; `''` where it is not known. */
  readonly group: string;
}

/** Exactly one of the two is called, later than the handshake was begun, unless it is aborted. */
export interface ServerHandshakeOwner {
  onSecured(connection: SecuredConnection): void;
  /** The socket is destroyed, or closes as soon as it has told a plaintext client so. */
  onHandshakeFailure(failure: ServerHandshakeFailure): void;
  /** Called where the client asks for an OCSP response. */
  onOcspRequest?(action: Exclude<StapleAction, 'not asked'>): void;
  /** NSS key log lines. Absent: no secrets are taken out. */
  onKeyLog?(line: Buffer): void;
}

const ALERT_HANDSHAKE_FAILURE = Buffer.from([21, 3, 3, 0, 2, 2, 40]);

/** hello (reads the ClientHello) -> securing -> over. The ClientHello is read here first: by it the certificate and the protocol are chosen. */
export class ServerHandshake {
  private readonly context: ServerTlsContext;
  private readonly owner: ServerHandshakeOwner;
  private readonly timers: Timers;
  private readonly clock: Clock;
  private readonly socket: Socket;
  private state: 'hello' | 'securing' | 'over' = 'hello';
  private received: Buffer | undefined;
  private secured: TLSSocket | undefined;

  constructor(
    context: ServerTlsContext,
    socket: Socket,
    owner: ServerHandshakeOwner,
    { timers, clock }: { readonly timers: Timers; readonly clock: Clock },
  ) {
    this.clock = clock;
    this.context = context;
    this.owner = owner;
    this.socket = socket;
    this.timers = timers;
    socket.on('error', this.onRawError);
    socket.once('close', this.onRawClose);
    socket.once('end', this.onEnd);
    socket.on('data', this.onBytes);
  }

  /** Gives up: the socket is destroyed and the owner hears nothing. */
  abort(): void {
    if (this.state === 'over') return;
    this.settle();
    (this.secured ?? this.socket).destroy();
  }

  private readonly onBytes = (chunk: Buffer): void => {
    const { received } = this;
    const first = received === undefined ? chunk : Buffer.concat([received, chunk]);
    // One buffer, not one for each read: a hello may come byte by byte.
    this.received = first;
    const result = parseClientHello(first);
    if (result.kind === 'more') return;
    this.stopReading();
    if (result.kind === 'not-tls') {
      this.refusePlaintext(first);
      return;
    }
    // What is malformed is left to the library, which knows the alert for it.
    const hello = result.kind === 'hello' ? result.hello : undefined;
    if (hello?.serverName === '' && this.context.config.requireSni) {
      this.socket.write(ALERT_HANDSHAKE_FAILURE);
      this.fail({ reason: 'TLS_error: the client sent no SNI, and require_sni is set' });
      return;
    }
    this.socket.unshift(first);
    this.secure(hello);
  };

  private secure(hello: ClientHello | undefined): void {
    this.state = 'securing';
    const { context, socket } = this;
    const certificate = context.certificateFor(hello);
    const protocol = context.protocolFor(hello);
    const ocsp = stapleAction(context.config.ocspStaplePolicy, certificate, hello, this.clock.wallMs());
    if (ocsp !== 'not asked') this.owner.onOcspRequest?.(ocsp);
    if (ocsp === 'fail') {
      socket.write(ALERT_HANDSHAKE_FAILURE);
      this.fail({ reason: 'TLS_error: the OCSP response to staple is stale, and the policy wants a good one' });
      return;
    }
    const secured = new TLSSocket(socket, {
      isServer: true,
      secureContext: certificate.secure,
      requestCert: context.clientCertificate !== 'none',
      // Only without any certificate does the library refuse by itself; the rest is judged when it is done.
      rejectUnauthorized: context.clientCertificate === 'required',
      ...(protocol === undefined ? {} : { ALPNProtocols: [protocol] }),
    });
    this.secured = secured;
    if (ocsp === 'staple' && certificate.ocsp !== undefined) staple(secured, certificate.ocsp.bytes);
    if (this.owner.onKeyLog !== undefined) secured.on('keylog', (line: Buffer) => this.owner.onKeyLog?.(line));
    secured.on('error', this.onTlsError);
    secured.once('close', this.onEnd);
    // A socket that may be half open stays when its peer has ended, and no verdict comes any more.
    secured.once('end', this.onEnd);
    secured.once('secure', () => this.finish(secured, certificate, hello));
  }

  private finish(secured: TLSSocket, certificate: CertifiedContext, hello: ClientHello | undefined): void {
    if (this.state === 'over') return;
    const { peerRules, clientCertificate } = this.context;
    const peer = clientCertificate === 'none' ? undefined : peerCertificateOf(secured);
    const verdict = peerRules?.judge({
      certificate: peer,
      chainError: peer === undefined ? undefined : chainErrorOf(secured),
      requiredName: '',
    });
    if (verdict?.kind === 'refused') {
      const { counted: verification, reason } = verdict;
      this.fail({ reason: `TLS_error: ${reason}`, verification, ...(peer === undefined ? {} : { peer }) });
      return;
    }
    this.settle();
    const info = new SecuredInfo(secured, {
      serverName: hello?.serverName ?? '',
      own: certificate.leaf,
      peer,
      peerVerified: verdict?.verified ?? false,
    });
    this.owner.onSecured({
      socket: secured,
      info,
      resumed: secured.isSessionReused(),
      verification: verdict?.counted,
      certificate,
      group: serverGroup(hello, this.context.config.common.params.curves, info.version),
    });
  }

  private refusePlaintext(first: Buffer): void {
    const plaintext = recogniseProtocol(first) ?? 'bytes of no known protocol';
    this.settle();
    answerPlaintext(this.socket, plaintext, this.timers);
    this.owner.onHandshakeFailure({
      reason: plaintext === 'HTTP/1.x request' ? 'TLS_error: HTTP_REQUEST' : 'TLS_error: WRONG_VERSION_NUMBER',
      plaintext,
      verification: undefined,
      closedByPeer: false,
    });
  }

  private readonly onRawError = (error: Error): void => {
    if (this.state === 'hello') this.fail({ reason: error.message, closedByPeer: true });
  };

  private readonly onRawClose = (): void => {
    if (this.state === 'hello') this.onEnd();
  };

  /** Of the connection, where its end was read ahead with the hello; else of TLS. */
  private readonly onEnd = (): void => {
    this.fail({ reason: 'remote close', closedByPeer: true });
  };

  private readonly onTlsError = (error: Error): void => {
    const { code } = error as NodeJS.ErrnoException;
    const noCertificate = code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE';
    this.fail({
      reason: explainHandshakeError(error),
      verification: noCertificate ? 'fail_verify_no_cert' : undefined,
      closedByPeer: code === 'ECONNRESET' || code === 'EPIPE',
    });
  };

  private fail(failure: Partial<ServerHandshakeFailure> & { readonly reason: string }): void {
    if (this.state === 'over') return;
    this.settle();
    (this.secured ?? this.socket).destroy();
    this.owner.onHandshakeFailure({ plaintext: undefined, verification: undefined, closedByPeer: false, ...failure });
  }

  private stopReading(): void {
    this.socket.removeListener('data', this.onBytes);
    this.socket.pause();
  }

  private settle(): void {
    if (this.state === 'hello') this.stopReading();
    this.state = 'over';
    this.received = undefined;
    const { secured } = this;
    this.socket.removeListener('end', this.onEnd);
    if (secured === undefined) return;
    secured.removeListener('close', this.onEnd);
    secured.removeListener('end', this.onEnd);
    // The error listener stays: a socket that fails later than its handshake must find one.
  }
}
