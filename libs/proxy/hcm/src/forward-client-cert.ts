import type { RequestHeaderMap, TlsConnectionInfo } from '@weft/core-http';

/** What becomes of x-forwarded-client-cert. Source: HttpConnectionManager.ForwardClientCertDetails. */
export type ForwardClientCert = 'SANITIZE' | 'FORWARD_ONLY' | 'APPEND_FORWARD' | 'SANITIZE_SET' | 'ALWAYS_FORWARD_ONLY';

/** Which fields of the client's certificate are told. Source: HttpConnectionManager.SetCurrentClientCertDetails. */
export interface ClientCertDetails {
  readonly subject: boolean;
  readonly cert: boolean;
  readonly chain: boolean;
  readonly dns: boolean;
  readonly uri: boolean;
}

const NAME = 'x-forwarded-client-cert';

/**
 * Removes, keeps, extends or replaces x-forwarded-client-cert. Only a client that showed a certificate is believed, except
 * by ALWAYS_FORWARD_ONLY. Source: Envoy's header documentation, x-forwarded-client-cert.
 */
export function forwardClientCert(
  headers: RequestHeaderMap,
  ssl: TlsConnectionInfo | undefined,
  mode: ForwardClientCert,
  details: ClientCertDetails,
): void {
  if (mode === 'ALWAYS_FORWARD_ONLY') return;
  if (mode === 'SANITIZE' || ssl?.peer === undefined) {
    headers.remove(NAME);
    return;
  }
  if (mode === 'FORWARD_ONLY') return;
  const element = certElement(ssl, details);
  const before = mode === 'APPEND_FORWARD' ? headers.getJoined(NAME) : undefined;
  if (element !== '' || before !== undefined) headers.set(NAME, [before ?? '', element].filter(Boolean).join(','));
  else headers.remove(NAME);
}

/** One element of the header: this hop's. */
function certElement(ssl: TlsConnectionInfo, details: ClientCertDetails): string {
  const { peer, local } = ssl;
  if (peer === undefined) return '';
  const pairs = local.uriSans.map((uri) => `By=${uri}`);
  if (peer.sha256Fingerprint !== '') pairs.push(`Hash=${peer.sha256Fingerprint}`);
  if (details.cert && peer.urlEncodedPem !== '') pairs.push(`Cert="${peer.urlEncodedPem}"`);
  if (details.chain && peer.urlEncodedPemChain !== '') pairs.push(`Chain="${peer.urlEncodedPemChain}"`);
  if (details.subject) pairs.push(`Subject="${peer.subject}"`);
  // The key is there even where the certificate has no such name: that, too, is known of it.
  if (details.uri) pairs.push(...(peer.uriSans.length === 0 ? ['URI='] : peer.uriSans.map((uri) => `URI=${uri}`)));
  if (details.dns) pairs.push(...peer.dnsSans.map((name) => `DNS=${name}`));
  return pairs.join(';');
}
