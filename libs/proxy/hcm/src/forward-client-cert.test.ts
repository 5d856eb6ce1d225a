import { RequestHeaderMap, type TlsConnectionInfo } from '@weft/core-http';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { forwardClientCert, type ClientCertDetails, type ForwardClientCert } from './forward-client-cert.ts';

const NONE: ClientCertDetails = { subject: false, cert: false, chain: false, dns: false, uri: false };
const ALL: ClientCertDetails = { subject: true, cert: true, chain: true, dns: true, uri: true };

const SSL: TlsConnectionInfo = {
  version: 'TLSv1.3',
  cipher: '',
  serverName: '',
  alpn: '',
  sessionId: '',
  peerVerified: true,
  peer: {
    subject: 'CN=client,O=weft',
    issuer: '',
    serialNumber: '',
    uriSans: ['spiffe://td/client'],
    dnsSans: ['a.test', 'b.test'],
    emailSans: [],
    ipSans: [],
    otherNameSans: [],
    sha1Fingerprint: '',
    sha256Fingerprint: 'abcd',
    urlEncodedPem: 'PEM',
    urlEncodedPemChain: 'CHAIN',
    chain: [],
    validFromMs: 0,
    validToMs: 0,
  },
  local: {
    uriSans: ['spiffe://td/server'],
    dnsSans: [],
    emailSans: [],
    ipSans: [],
    otherNameSans: [],
    subject: '',
  },
};

/** What becomes of the header `By=old`. */
function after(mode: ForwardClientCert, ssl: TlsConnectionInfo | undefined = SSL, details = NONE): string | undefined {
  const headers = new RequestHeaderMap('GET', '/', 'a', ['x-forwarded-client-cert', 'By=old']);
  forwardClientCert(headers, ssl, mode, details);
  return headers.get('x-forwarded-client-cert');
}

describe('x-forwarded-client-cert', () => {
  it('is removed, kept, extended or replaced', () => {
    assert.equal(after('SANITIZE'), undefined);
    assert.equal(after('FORWARD_ONLY'), 'By=old');
    assert.equal(after('ALWAYS_FORWARD_ONLY'), 'By=old');
    assert.equal(after('APPEND_FORWARD'), 'By=old,By=spiffe://td/server;Hash=abcd');
    assert.equal(after('SANITIZE_SET'), 'By=spiffe://td/server;Hash=abcd');
  });

  it('is believed of nobody who showed no certificate, but for ALWAYS_FORWARD_ONLY', () => {
    for (const ssl of [undefined, { ...SSL, peer: undefined }])
      for (const mode of ['SANITIZE', 'FORWARD_ONLY', 'APPEND_FORWARD', 'SANITIZE_SET'] as const) {
        const headers = new RequestHeaderMap('GET', '/', 'a', ['x-forwarded-client-cert', 'By=old']);
        forwardClientCert(headers, ssl, mode, NONE);
        assert.equal(headers.get('x-forwarded-client-cert'), undefined, mode);
        forwardClientCert(headers, ssl, 'ALWAYS_FORWARD_ONLY', NONE);
      }
    assert.equal(after('ALWAYS_FORWARD_ONLY', { ...SSL, peer: undefined }), 'By=old');
  });

  it('tells what it is asked to, in the order of the documentation', () => {
    assert.equal(
      after('SANITIZE_SET', SSL, ALL),
      'By=spiffe://td/server;Hash=abcd;Cert="PEM";Chain="CHAIN";Subject="CN=client,O=weft";URI=spiffe://td/client;DNS=a.test;DNS=b.test',
    );
    const nameless = { ...SSL, peer: { ...SSL.peer!, uriSans: [], dnsSans: [] } };
    assert.equal(
      after('SANITIZE_SET', nameless, { ...NONE, uri: true, dns: true }),
      'By=spiffe://td/server;Hash=abcd;URI=',
    );
  });
});
