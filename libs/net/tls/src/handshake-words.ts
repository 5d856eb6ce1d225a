/** What a failed handshake means, in words an operator can act on, behind the code that Envoy's log readers look for. */
export function explainHandshakeError(error: Error): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  const known = WORDS[code];
  if (known !== undefined) return `TLS_error: ${known}`;
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'connection reset by the client during the TLS handshake';
  const { reason } = error as Error & { reason?: string };
  return `TLS_error: ${reason ?? (code === '' ? error.message : code)}`;
}

const WORDS: Readonly<Record<string, string>> = {
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    'PEER_DID_NOT_RETURN_A_CERTIFICATE: the client showed no certificate, and one is required',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'UNSUPPORTED_PROTOCOL: the client speaks no TLS version that is allowed here',
  ERR_SSL_VERSION_TOO_LOW: 'UNSUPPORTED_PROTOCOL: the client speaks no TLS version that is allowed here',
  ERR_SSL_NO_SHARED_CIPHER: 'NO_SHARED_CIPHER: the client has no cipher suite that is allowed here',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'NO_SHARED_CIPHER: the client cannot check the signature of this key',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA:
    "TLSV1_ALERT_UNKNOWN_CA: the client does not trust the CA of this proxy's certificate",
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'TLSV1_ALERT_NO_APPLICATION_PROTOCOL: no common protocol',
};
