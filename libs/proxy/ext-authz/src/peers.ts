import type { DownstreamConnection, PeerCertificate } from '@weft/core-http';
import type { Peer } from './check-attributes.ts';
import { textOfHeader } from './text-of-header.ts';

type Names = Pick<PeerCertificate, 'uriSans' | 'dnsSans' | 'subject'>;

/** The client. `withCertificate`: also its certificate is told. */
export function sourceOf(connection: DownstreamConnection, service: string, withCertificate: boolean): Peer {
  const certificate = connection.ssl?.peer;
  return {
    address: connection.remoteAddress ?? connection.directRemoteAddress,
    service: textOfHeader(service),
    principal: principalOf(certificate),
    certificate: withCertificate ? (certificate?.urlEncodedPem ?? '') : '',
    labels: {},
  };
}

/** This proxy. */
export function destinationOf(
  connection: DownstreamConnection,
  service: string,
  labels: Readonly<Record<string, string>>,
): Peer {
  const principal = principalOf(connection.ssl?.local);
  return { address: connection.localAddress, service, principal, certificate: '', labels };
}

/** The name that the client's TLS asked for, `''` without one. */
export function sniOf({ ssl, requestedServerName }: DownstreamConnection): string {
  return ssl?.serverName || requestedServerName;
}

function principalOf(names: Names | undefined): string {
  return names === undefined ? '' : (names.uriSans[0] ?? names.dnsSans[0] ?? names.subject);
}
