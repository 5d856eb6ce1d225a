import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { Certificate } from './certificate.ts';
import { readSession } from './session.ts';

/** The part of Node's TLS handle that has no public name: of a server's socket, the verdict on the client's chain is there only. */
interface TlsHandle {
  verifyError?(): NodeJS.ErrnoException | null | undefined;
  setOCSPResponse?(response: Buffer): void;
}

function handleOf(socket: TLSSocket): TlsHandle | null | undefined {
  return (socket as unknown as { _handle?: TlsHandle | null })._handle;
}

/** OpenSSL's verdict on the peer's chain: undefined for a good one. Where it cannot be had the chain counts as bad. */
export function chainErrorOf(socket: TLSSocket): { code: string; message: string } | undefined {
  const handle = handleOf(socket);
  if (typeof handle?.verifyError !== 'function') return { code: 'UNSPECIFIED', message: 'no verdict' };
  const error = handle.verifyError();
  return error ? { code: error.code ?? 'UNSPECIFIED', message: error.message } : undefined;
}

/** Has the OCSP response sent to a client that asks for one. Before the handshake. */
export function staple(socket: TLSSocket, response: Buffer): void {
  handleOf(socket)?.setOCSPResponse?.(response);
}

/**
 * The peer's certificate with what came with it; of a resumed session the certificate alone. Once for each socket: Node takes the chain apart.
 */
export function peerCertificateOf(socket: TLSSocket): Certificate | undefined {
  const leaf = socket.getPeerX509Certificate();
  if (leaf === undefined) return certificateOfSession(socket);
  const issuers: Certificate[] = [];
  for (let at = leaf.issuerCertificate; at !== undefined && issuers.length < 16; at = at.issuerCertificate)
    issuers.push(new Certificate(new X509Certificate(at.raw)));
  return new Certificate(leaf, issuers);
}

/** Node has no certificate of a server whose session was resumed, though the session itself keeps it. */
function certificateOfSession(socket: TLSSocket): Certificate | undefined {
  const { peer } = readSession(socket.isSessionReused() ? socket.getSession() : undefined);
  return peer && new Certificate(new X509Certificate(peer));
}
