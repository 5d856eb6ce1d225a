import { createSecureContext, connect as connectTls, type TLSSocket } from 'node:tls';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { recogniseProtocol } from '@weft/core-bytes';
import type { TlsClientContext, TlsClientOptions } from './options.ts';

/** Compiles a TLS configuration once; every connection made with it shares keys and resumes its sessions. Throws on bad PEM. */
export function createTlsClientContext(options: TlsClientOptions): TlsClientContext {
  return new ClientContext(options);
}

class ClientContext implements TlsClientContext {
  readonly options: TlsClientOptions;
  private readonly secure;
  /** By host, since a session is the host's. */
  private readonly sessions = new Map<string, Buffer>();

  constructor(options: TlsClientOptions) {
    this.options = options;
    const { ca, cert, key, ciphers = [] } = options;
    this.secure = createSecureContext({
      minVersion: options.minVersion ?? 'TLSv1.2',
      maxVersion: options.maxVersion ?? 'TLSv1.3',
      ...(ciphers.length === 0 ? {} : { ciphers: ciphers.join(':') }),
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  }

  wrap(socket: Duplex, host: string): TLSSocket {
    const { serverName, alpn, ca, requireTrust = true } = this.options;
    const session = this.sessions.get(host);
    const secured = connectTls({
      socket,
      secureContext: this.secure,
      // Verified here only as far as the chain: names are the validation context's matter.
      rejectUnauthorized: ca !== undefined && requireTrust,
      checkServerIdentity: () => undefined,
      // TLS forbids addresses as SNI (RFC 6066 section 3), and Node throws on them.
      ...(serverName === undefined || serverName === '' || isIP(serverName) > 0 ? {} : { servername: serverName }),
      ...(alpn === undefined || alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
      ...(session === undefined ? {} : { session }),
    });
    secured.on('session', (fresh) => this.sessions.set(host, fresh));
    return secured;
  }
}

/** Starts TLS on a connected socket, or on a stream over one. */
export function startTls(socket: Duplex, context: TlsClientContext, host: string): TLSSocket {
  return (context as ClientContext).wrap(socket, host);
}

/** Why the peer's certificate is refused although its chain is right; undefined where it is not. */
export function refuseTlsPeer(socket: Socket, context: TlsClientContext): string | undefined {
  const { verifyPeer } = context.options;
  return verifyPeer?.((socket as TLSSocket).getPeerX509Certificate());
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
  if (code === 'CERT_HAS_EXPIRED') return "TLS_error: the peer's certificate has expired";
  if (
    code === 'DEPTH_ZERO_SELF_SIGNED_CERT' ||
    code === 'SELF_SIGNED_CERT_IN_CHAIN' ||
    code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'
  )
    return `TLS_error: the peer's certificate does not lead to the trusted CA (${code})`;
  return `TLS_error: ${code === '' ? error.message : code}`;
}
