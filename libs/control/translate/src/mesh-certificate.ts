import type { TlsConnectionInfo } from '@weft/core-http';

/** A connection over mutual TLS of the mesh, as policies see it: by the identity of who connects alone. */
export function meshConnection(identity: string, serverName: string): TlsConnectionInfo {
  const names = { uriSans: [], dnsSans: [], emailSans: [], ipSans: [], otherNameSans: [] };
  return {
    version: 'TLSv1.3',
    cipher: '',
    serverName,
    alpn: '',
    sessionId: '',
    peer: {
      ...names,
      uriSans: [identity],
      subject: '',
      issuer: '',
      serialNumber: '',
      sha1Fingerprint: '',
      sha256Fingerprint: '',
      urlEncodedPem: '',
      urlEncodedPemChain: '',
      chain: [],
      validFromMs: 0,
      validToMs: 0,
    },
    peerVerified: true,
    local: { ...names, subject: '' },
  };
}
