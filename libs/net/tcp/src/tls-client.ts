import { createSecureContext, connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { recogniseProtocol } from '@weft/core-bytes';
import type { TlsClientContext, TlsClientOptions } from './options.ts';

/** Hosts that come and go would pile up sessions. */
const MAX_SESSIONS = 1024;

/** Made once for each configuration; every connection made with it shares keys and resumes its sessions. */
export function createTlsClientContext(options: TlsClientOptions): TlsClientContext {
  return new ClientContext(options);
}

class ClientContext implements TlsClientContext {
  readonly options: TlsClientOptions;
  private readonly secure: SecureContext;
  /** By host, since a session is the host's. */
  private readonly sessions = new Map<string, Buffer>();

  constructor(options: TlsClientOptions) {
    this.options = options;
    this.secure = options.secureContext ?? createSecureContext();
  }

  wrap(socket: Duplex, host: string): TLSSocket {
    const { serverName, alpn, resume = true } = this.options;
    const session = this.sessions.get(host);
    const secured = connectTls({
      socket,
      secureContext: this.secure,
      // Whether the chain is good is known after the handshake, and judged then with everything else.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      // TLS forbids addresses as SNI (RFC 6066 section 3), and Node throws on them.
      ...(serverName === undefined || serverName === '' || isIP(serverName) > 0 ? {} : { servername: serverName }),
      ...(alpn === undefined || alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
      ...(session === undefined ? {} : { session }),
    });
    if (resume) secured.on('session', (fresh) => this.keep(host, fresh));
    return secured;
  }

  private keep(host: string, session: Buffer): void {
    this.sessions.delete(host);
    this.sessions.set(host, session);
    const [oldest] = this.sessions.keys();
    if (this.sessions.size > MAX_SESSIONS && oldest !== undefined) this.sessions.delete(oldest);
  }
}

/** Starts TLS on a connected socket, or on a stream over one. */
export function startTls(socket: Duplex, context: TlsClientContext, host: string): TLSSocket {
  return (context as ClientContext).wrap(socket, host);
}

/** Why the peer is refused although TLS could be agreed upon; undefined where it is not. Once for each socket. */
export function refuseTlsPeer(socket: Socket, context: TlsClientContext): string | undefined {
  return context.options.judge?.(socket as TLSSocket);
}

/** True where a handshake failed because what came back was no TLS at all. */
export function isPlaintextPeer(error: Error): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return (
    code === 'ERR_SSL_WRONG_VERSION_NUMBER' ||
    code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG' ||
    code === 'ERR_SSL_HTTP_REQUEST' ||
    code === 'ERR_SSL_UNKNOWN_PROTOCOL'
  );
}

/** What a peer said in place of a handshake, in words an operator can act on. */
export function explainPlaintext(first: Buffer): string {
  const [line = ''] = first.toString('latin1').split(/[\r\n]/, 1);
  const shown = line.replace(/[^ -~]/g, '.').slice(0, 60);
  const protocol = recogniseProtocol(first);
  const what = [protocol, shown === '' ? undefined : `"${shown}"`].filter((part) => part !== undefined).join(', ');
  return `TLS_error: the peer spoke plaintext${what === '' ? '' : ` (${what})`}: it has no TLS on this port, or its sidecar is missing`;
}

/** What a failed handshake means, in words an operator can act on. */
export function explainTlsError(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return `TLS_error: ${code === '' ? error.message : code}`;
}
