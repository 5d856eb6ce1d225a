import { CREATE_CERTIFICATE, decodeCertificateResponse, encodeCertificateRequest } from '@weft/api-istio-auth';
import { GRPC_STATUS, type GrpcMetadata, type GrpcServerCall, type GrpcStatus } from '@weft/core-grpc';
import { certificateDer, certificateFacts, generateKeys, issueLeaf, issueAuthority } from '@weft/net-x509';
import type { FakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { certificateAuthenticator, tokenAuthenticator } from './authenticator.ts';
import { certificateService } from './certificate-service.ts';
import { DAY_MS, TD, WEB, WEB_URI, mustSign, openAuthority, requestOf } from './fixture.testing.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { TokenAuthority } from './workload-token.ts';

interface Answer {
  readonly status: GrpcStatus;
  readonly chain: readonly string[];
}

interface World {
  readonly authority: CertificateAuthority;
  readonly runtime: FakeRuntime;
  readonly tokens: TokenAuthority;
  readonly ask: (
    call: { metadata?: GrpcMetadata; peerCertificate?: Uint8Array },
    message: Uint8Array,
  ) => Promise<Answer>;
}

async function service(t: TestContext): Promise<World> {
  const { authority, runtime, folder } = await openAuthority(t);
  const tokens = TokenAuthority.open(folder, TD, runtime);
  const services = certificateService({
    authority,
    authenticators: [tokenAuthenticator(tokens), certificateAuthenticator(TD, runtime.clock)],
    log: runtime.loggers.get('ca'),
  });
  return {
    authority,
    runtime,
    tokens,
    ask: ({ metadata = [], peerCertificate }, message) =>
      new Promise((resolve) => {
        let chain: readonly string[] = [];
        const call: GrpcServerCall = {
          metadata,
          peerAddress: '127.0.0.1:9',
          peerCertificate,
          send: (octets) => {
            chain = decodeCertificateResponse(octets) ?? [];
            return true;
          },
          end: (status = { code: GRPC_STATUS.OK, message: '' }) => resolve({ status, chain }),
        };
        const receiver = services.get(CREATE_CERTIFICATE)?.(call);
        receiver?.onMessage(message);
        receiver?.onHalfClose();
      }),
  };
}

function bearer(token: string): GrpcMetadata {
  return [['authorization', `Bearer ${token}`]];
}

async function request(uris?: readonly string[]): Promise<Uint8Array> {
  return encodeCertificateRequest({ csr: (await requestOf(uris)).csr, validityS: 0, metadata: {} });
}

test('a token gets a certificate, and the certificate its renewal', async (t) => {
  const { ask, tokens, authority } = await service(t);
  const first = await ask({ metadata: bearer(tokens.issue({ identity: WEB, name: 'web' })) }, await request());
  assert.equal(first.status.code, GRPC_STATUS.OK);
  const [leaf = '', ...roots] = first.chain;
  assert.deepEqual(certificateFacts(leaf)?.uris, [WEB_URI]);
  assert.deepEqual(roots, [authority.trustBundle().join('')]);
  const second = await ask({ peerCertificate: certificateDer(leaf) }, await request([]));
  assert.deepEqual(certificateFacts(second.chain[0] ?? '')?.uris, [WEB_URI]);
});

test('who is nobody, or is not who he says, gets nothing but a reason', async (t) => {
  const { ask, tokens, runtime, authority } = await service(t);
  const token = tokens.issue({ identity: WEB, name: 'web' });
  const admin = ['spiffe://cluster.local/ns/videos/sa/admin'];
  const nobody = await ask({}, await request());
  assert.deepEqual(nobody.status, {
    code: GRPC_STATUS.UNAUTHENTICATED,
    message: 'the call carries neither a token nor a client certificate',
  });
  const forged = await ask({ metadata: bearer('a.b.c') }, await request());
  assert.equal(forged.status.code, GRPC_STATUS.UNAUTHENTICATED);
  const other = await ask({ metadata: bearer(token) }, await request(admin));
  assert.equal(other.status.code, GRPC_STATUS.PERMISSION_DENIED);
  const garbage = await ask({ metadata: bearer(token) }, Buffer.from('ff', 'hex'));
  assert.equal(garbage.status.code, GRPC_STATUS.INVALID_ARGUMENT);
  const long = await ask(
    { metadata: bearer(token) },
    encodeCertificateRequest({ csr: (await requestOf()).csr, validityS: 1e9, metadata: {} }),
  );
  assert.equal(long.status.code, GRPC_STATUS.INVALID_ARGUMENT);
  assert.equal(authority.metrics.authenticationFailures, 2);
  assert.ok(!runtime.logged.join('').includes(token), 'no token is in the log');
});

test('certificates that are expired, of another mesh, or no workload renew nothing', async (t) => {
  const { ask, authority, runtime } = await service(t);
  const { leaf, keys } = await mustSign(authority);
  const rootKeys = await generateKeys();
  const now = runtime.clock.wallMs();
  const dates = { notBeforeMs: now, notAfterMs: now + 10 * DAY_MS, serial: '0b' };
  const certificate = await issueAuthority({
    ...dates,
    keys: rootKeys,
    organization: 'x',
    commonName: 'x',
    uri: 'spiffe://other',
  });
  const issuer = { certificate, key: rootKeys.privateKey };
  const issue = async (uris: readonly string[]): Promise<Uint8Array> =>
    certificateDer(await issueLeaf({ ...dates, publicKey: keys.publicKey, uris }, issuer));
  const table: readonly (readonly [Uint8Array, RegExp])[] = [
    [await issue(['spiffe://other/ns/videos/sa/web']), /not of the trust domain cluster.local/],
    [await issue([WEB_URI, WEB_URI]), /2 URIs/],
    [await issue(['spiffe://cluster.local/x']), /no workload/],
    [certificateDer(certificate), /authority/],
    [Buffer.from('no'), /cannot be read/],
  ];
  for (const [peerCertificate, reason] of table) {
    const { status } = await ask({ peerCertificate }, await request());
    assert.equal(status.code, GRPC_STATUS.UNAUTHENTICATED);
    assert.match(status.message, reason);
  }
  runtime.clock.advance(2 * DAY_MS);
  const late = await ask({ peerCertificate: certificateDer(leaf) }, await request());
  assert.match(late.status.message, /has expired/);
  // Streams on the connection that it was valid for go on being its workload's.
  const standing = certificateAuthenticator('cluster.local')({ metadata: [], peerCertificate: certificateDer(leaf) });
  assert.equal(standing.kind, 'caller');
});
