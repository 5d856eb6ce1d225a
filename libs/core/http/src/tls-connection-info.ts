/** What a TLS handshake said, as filters, logs and authorization see it. Values are those of Envoy's Ssl::ConnectionInfo. */
export interface TlsConnectionInfo {
  /** `TLSv1.3`. */
  readonly version: string;
  /** The OpenSSL name of the cipher suite. */
  readonly cipher: string;
  /** SNI; `''` without. */
  readonly serverName: string;
  /** What ALPN chose; `''` without. */
  readonly alpn: string;
  /** Hex; `''` without. */
  readonly sessionId: string;
  /** The certificate shown by the other side; undefined where it showed none. */
  readonly peer: PeerCertificate | undefined;
  /** The peer's chain was verified against the trusted roots, with every rule that the configuration adds. */
  readonly peerVerified: boolean;
  /** SANs of the certificate that this side showed. */
  readonly local: {
    readonly uriSans: readonly string[];
    readonly dnsSans: readonly string[];
    readonly emailSans: readonly string[];
    readonly ipSans: readonly string[];
    readonly otherNameSans: readonly string[];
    readonly subject: string;
  };
}

/** A certificate shown by the other side. Parsed when first asked for. */
export interface PeerCertificate {
  /** RFC 2253 text: `CN=client,O=weft`. */
  readonly subject: string;
  readonly issuer: string;
  /** Lower-case hex. */
  readonly serialNumber: string;
  readonly uriSans: readonly string[];
  readonly dnsSans: readonly string[];
  readonly emailSans: readonly string[];
  readonly ipSans: readonly string[];
  readonly otherNameSans: readonly string[];
  /** SHA-1 and SHA-256 of the DER form, lower-case hex. */
  readonly sha1Fingerprint: string;
  readonly sha256Fingerprint: string;
  /** PEM, percent-encoded as x-forwarded-client-cert carries it. */
  readonly urlEncodedPem: string;
  /** The whole chain, same form. */
  readonly urlEncodedPemChain: string;
  /** It and what came with it, itself first. */
  readonly chain: readonly PeerCertificate[];
  /** Epoch milliseconds. */
  readonly validFromMs: number;
  readonly validToMs: number;
}
